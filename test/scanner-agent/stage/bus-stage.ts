import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { connect, type ConsumerConfig, type JetStreamManager, type NatsConnection, type StreamConfig } from "nats";
import { parseAnswers } from "../../../schema/answer-batch.js";
import { internetClass } from "../../../schema/classes.js";
import type { Manifest } from "../../../schema/manifest.js";
import {
  encodeMessage,
  MalformedMessage,
  parseMessage,
  ScanRequest,
  type ResultMessage,
  type ReturnedRequest,
} from "../../../schema/messages.js";
import { Presence } from "../../../schema/presence.js";
import { sealChunk } from "../../../schema/sealed-chunks.js";
import { bundleStream, CHUNK_BYTES, engineDurable, streams } from "../../../schema/streams.js";
import {
  AGENTS,
  ALL_RESULTS,
  chunkSubject,
  engineOfResult,
  presenceSubject,
  SCANS,
  scanSubject,
  RESULTS,
} from "../../../schema/subjects.js";
import { findProgram } from "../../../scanner-agent/processes/programs.js";
import { until } from "../../stage/until.js";
import { hashes } from "../hashes.js";

export { until } from "../../stage/until.js";

export const ACK_WAIT_MS = 3_000;
/** How long a request waits that could not be worked on. */
const RETURN_MS = 200;

/** A real nats-server with the streams of the isolated account and no authentication. */
export interface BusStage {
  readonly url: string;
  readonly nc: NatsConnection;
  readonly jsm: JetStreamManager;
  /** Returned requests; each is published again, as a gateway does. */
  readonly returned: ReturnedRequest[];
  /** Results in the order the bus stored them. */
  readonly results: { readonly engine: string; readonly result: ResultMessage }[];
  makeDurable(manifest: Pick<Manifest, "name" | "speed" | "internet">): Promise<void>;
  /**
   * Stores a sample as the gateway does, sealed with the key if there is one; `corrupt` changes what is stored of a chunk, or leaves
   * it out with null.
   */
  store(
    bytes: Buffer,
    corrupt?: (chunk: Buffer, n: number) => Buffer | null,
    options?: { chunkBytes?: number; key?: string | undefined },
  ): Promise<ScanRequest["sample"]>;
  request(manifest: Pick<Manifest, "speed" | "internet">, request: ScanRequest): Promise<void>;
  presence(agent: string): Promise<Presence | undefined>;
  /** Deliveries of a durable that are neither acknowledged nor waiting. */
  pending(engine: string): Promise<{ acks: number; waiting: number; redelivered: number }>;
  /** Waits for an engine's result of a scan that is more than an announcement. */
  answer(engine: string, scan: number): Promise<ResultMessage>;
  /** Kills the server; the answer starts it again with what it had stored. */
  killServer(): Promise<() => void>;
  stop(): Promise<void>;
}

export async function startBusStage(): Promise<BusStage> {
  const program = await findProgram("nats-server", "");
  if (program === undefined) throw new Error("the tests need nats-server");
  const folder = await mkdtemp(join(tmpdir(), "scanmesh-test-bus-"));
  const port = await freePort();
  const launch = () => spawn(program, ["-a", "127.0.0.1", "-p", String(port), "-js", "-sd", folder], { stdio: "ignore" });
  const kill = async () => {
    const ended = new Promise((resolve) => server.once("exit", resolve));
    server.kill("SIGKILL");
    await ended;
  };
  let server = launch();
  const url = `nats://127.0.0.1:${port}`;
  const nc = await until("nats-server answers", () =>
    connect({ servers: url, maxReconnectAttempts: -1, reconnectTimeWait: 100 }).catch(() => undefined),
  );
  const jsm = await nc.jetstreamManager();
  const settings = {
    maxDeadlineMs: 60_000,
    scansMaxBytes: 64 * 1024 ** 2,
    samplesMaxBytes: -1,
    bundlesMaxBytes: 64 * 1024 ** 2,
    ackWaitMs: ACK_WAIT_MS,
    replicas: 1,
  };
  for (const stream of [...streams("isolated", settings), bundleStream(settings)])
    await jsm.streams.add(stream as unknown as Partial<StreamConfig> & { name: string });
  const agents = await nc.jetstream().views.kv(AGENTS, { ttl: 60_000 });
  const results: BusStage["results"] = [];
  const returned: ReturnedRequest[] = [];
  nc.subscribe(ALL_RESULTS, {
    callback: (_, message) => {
      const engine = engineOfResult(message.subject) ?? "";
      for (const answer of parseAnswers(message.data)) {
        if (answer instanceof MalformedMessage) throw answer;
        if (answer.state !== "RETURNED") results.push({ engine, result: answer });
        else {
          returned.push(answer);
          void publishAgain(engine, answer);
        }
      }
    },
  });

  async function publishAgain(engine: string, { sequence, crashes, cause }: ReturnedRequest): Promise<void> {
    if (cause !== "STOPPING") await pause(RETURN_MS);
    const { subject, data } = await jsm.streams.getMessage(SCANS, { seq: sequence });
    const request = parseMessage(ScanRequest, data);
    const engines = request.engines.filter((name) => name.toLowerCase() === engine);
    await nc.jetstream().publish(subject, encodeMessage({ ...request, engines, crashes }));
  }

  return {
    url,
    nc,
    jsm,
    results,
    returned,
    async makeDurable(manifest) {
      await jsm.consumers.add(
        SCANS,
        engineDurable(
          { ...manifest, internet: internetClass(manifest.internet) },
          settings,
        ) as unknown as Partial<ConsumerConfig>,
      );
    },
    async store(bytes, corrupt = (chunk) => chunk, { chunkBytes = CHUNK_BYTES, key } = {}) {
      const blob = randomUUID();
      for (let n = 0; n < Math.max(1, Math.ceil(bytes.length / chunkBytes)); n++) {
        const plain = bytes.subarray(n * chunkBytes, (n + 1) * chunkBytes);
        const chunk = corrupt(key === undefined ? plain : Buffer.concat(sealChunk(key, n, [plain])), n);
        if (chunk !== null) await nc.jetstream().publish(chunkSubject(blob, n), chunk);
      }
      return {
        ...hashes(bytes),
        size: bytes.length,
        blob,
        mime: "application/octet-stream",
        ...(key === undefined ? {} : { key }),
      };
    },
    async request(manifest, request) {
      await nc.jetstream().publish(scanSubject(manifest.speed, internetClass(manifest.internet)), encodeMessage(request));
    },
    async presence(agent) {
      const entry = await agents.get(agent);
      if (entry === null || entry.operation !== "PUT") return undefined;
      if (entry.key !== presenceSubject(agent).split(".").at(-1)) throw new Error("presence under another key");
      return parseMessage(Presence, entry.value);
    },
    async pending(engine) {
      const info = await jsm.consumers.info(SCANS, engine.toLowerCase());
      return { acks: info.num_ack_pending, waiting: info.num_pending, redelivered: info.num_redelivered };
    },
    answer: (engine, scan) =>
      until(`${engine} answers scan ${scan}`, () => {
        const found = results.find(
          (one) => one.engine === engine.toLowerCase() && one.result.scan === scan && one.result.state !== "SCANNING",
        );
        return Promise.resolve(found?.result);
      }),
    async killServer() {
      await kill();
      return () => {
        server = launch();
      };
    },
    async stop() {
      await nc.close();
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** What the recorder would find. */
export async function storedResults(stage: BusStage): Promise<number> {
  return (await stage.jsm.streams.info(RESULTS)).state.messages;
}

/** While `work` lasts, there is no stream that takes results. */
export async function withoutResults({ jsm }: BusStage, work: () => Promise<void>): Promise<void> {
  const { config } = await jsm.streams.info(RESULTS);
  await jsm.streams.delete(RESULTS);
  try {
    await work();
  } finally {
    await jsm.streams.add(config);
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
