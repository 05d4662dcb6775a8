import type { JetStreamManager, NatsConnection } from "nats";
import type { EngineSpeed, InternetClass } from "../../schema/classes.js";
import { type Control } from "../../schema/control.js";
import { encodeMessage } from "../../schema/messages.js";
import { publishStored } from "../../schema/nats/stored.js";
import { OPTION_LIMITS } from "../../schema/scan-options.js";
import { bundleStream, presenceBucket, streams, type StreamSettings } from "../../schema/streams.js";
import { controlSubject, engineToken, scanSubject, SCANS } from "../../schema/subjects.js";
import { OperatorError } from "../../schema/operator-error.js";
import type { GatewayConfig } from "../config.js";
import { GatewayError } from "../errors.js";
import { isAway, keepConnection, removeMessages, requirePayload, unavailable, type Connection } from "./connection.js";
import { watchPresence, type ListenParts, type PresenceListener } from "./incoming.js";
import { createProvision, isNotFound, type DurableEngine } from "./provision.js";
import { pullResults, type ResultDelivery, type ResultPull } from "./results.js";
import { probeStreams, STALLED } from "./write-probe.js";

/** How far an engine's durable has come. */
export interface DurableState {
  readonly ackFloor: number;
  readonly pending: number;
  readonly unacknowledged: number;
  /** How many of the unacknowledged requests were delivered more than once. */
  readonly redelivered: number;
}

/** How full a stream is. */
export interface StreamStatus {
  readonly name: string;
  readonly messages: number;
  readonly bytes: number;
  /** Null if only the server limits it. */
  readonly maxBytes: number | null;
}

/** The gateway's side of one account. Every call throws UNAVAILABLE while the bus is away. */
export interface Account {
  readonly internet: InternetClass;
  readonly connection: Connection;
  /** Publishes a request. Returns its sequence and the identity of the stream that holds it. */
  publishRequest(speed: EngineSpeed, data: Uint8Array, messageId: string): Promise<{ seq: number; stream: string }>;
  /** Creates the engine's durable, or moves it to the engine's class. If the server loses it later, it is recreated. */
  ensureDurable(engine: DurableEngine): Promise<void>;
  /** Removes the durable of an engine that has moved to the other class. */
  dropDurable(engine: string): Promise<void>;
  /** Undefined while the server has no such durable. */
  durableState(engine: string): Promise<DurableState | undefined>;
  /** Creates the stream of bundles if it is missing. Throws STORAGE_FULL if there is no room for it. */
  ensureBundles(): Promise<void>;
  /** Streams and durables that could not be created, a sentence each. */
  missing(): string[];
  /** A sentence on why JetStream accepts no messages although NATS is connected. */
  writeProblem(): string | undefined;
  /** The server's version and the fill level of each stream. */
  state(): Promise<{ serverVersion: string; streams: StreamStatus[] }>;
  /** The last sequence and the identity of SCANS. */
  scansState(): Promise<{ lastSeq: number; stream: string }>;
  /** Removes all requests below `seq`. */
  purgeScans(seq: number): Promise<void>;
  /** Removes requests by sequence, unless the stream has been recreated since. */
  removeRequests(stream: string, seqs: readonly number[]): Promise<void>;
  /** Sends an agent a control message. Lossy: nothing is sent while NATS is away. */
  sendControl(agent: string, message: Control): void;
  /** Delivers results until stopped, across reconnections. */
  consumeResults(deliver: (delivery: ResultDelivery) => Promise<void>): { stop(): Promise<void> };
  close(): Promise<void>;
}

const CHECK_MS = 5_000;
const PUBLISH_MS = 5_000;

/**
 * Opens an account. While it is up, its streams and the presence bucket exist, and so does every durable that the server accepts. Anything
 * lost in the meantime is recreated within seconds.
 */
export function openAccount(
  config: GatewayConfig,
  internet: InternetClass,
  parts: ListenParts,
  onPresence: PresenceListener,
  onUp: (nc: NatsConnection) => void,
): Account {
  const { log } = parts;
  const settings = streamSettings(config);
  const provision = createProvision(internet, settings, log, () => presence?.restart());
  let presence: ReturnType<typeof watchPresence> | undefined;
  const pulls = new Set<ResultPull>();

  async function prepare(nc: NatsConnection): Promise<void> {
    requirePayload(nc);
    await provision.ensure(nc);
    presence?.stop();
    presence = watchPresence(nc, parts, onPresence);
    for (const pull of pulls) pull.open(nc);
    onUp(nc);
  }

  const connection = keepConnection(config, internet, "work", log, prepare);
  const manager = () => connection.up().jetstreamManager({ checkAPI: false });
  /** Asks the server about streams and durables. */
  async function ask<T>(question: (jsm: JetStreamManager) => Promise<T>): Promise<T> {
    try {
      return await question(await manager());
    } catch (error) {
      throw isAway(error) ? unavailable(error) : error;
    }
  }

  let checking = false;
  /** NATS is connected, but JetStream does not answer. */
  let isStalled = false;
  let logged = "";
  /** Recreates what was lost. A repeated failure is logged once. */
  async function check(): Promise<void> {
    if (!connection.isUp() || checking) return;
    checking = true;
    try {
      await provision.ensure(connection.up());
      isStalled = false;
      // Bundles reserve much room, so the streams that a gateway depends on are created first, in both accounts.
      await provision.ensureBundles(await manager());
      logged = "";
    } catch (error) {
      isStalled = isAway(error);
      if (String(error) !== logged) log.error({ err: error, internet }, "cannot make streams that are missing; retrying");
      logged = String(error);
    } finally {
      checking = false;
    }
  }
  const writes = probeStreams(connection, internet, config.replicas, log);
  const timer = setInterval(() => void check(), Math.min(CHECK_MS, 10 * config.sweepIntervalMs));

  async function scansState(): Promise<{ lastSeq: number; stream: string }> {
    const info = await ask((jsm) => jsm.streams.info(SCANS));
    return { lastSeq: info.state.last_seq, stream: String(info.created) };
  }

  return {
    internet,
    connection,
    scansState,
    async publishRequest(speed, data, messageId) {
      const stream = provision.identity(SCANS);
      const options = { messageId, timeoutMs: PUBLISH_MS };
      return { seq: await publishStored(connection.up(), scanSubject(speed, internet), [data], options), stream };
    },
    async ensureDurable(engine) {
      await ask((jsm) => provision.addDurable(jsm, engine));
    },
    async dropDurable(engine) {
      await ask((jsm) => provision.dropDurable(jsm, engine));
    },
    async ensureBundles() {
      try {
        await ask((jsm) => provision.ensureBundles(jsm));
      } catch (error) {
        throw error instanceof OperatorError ? new GatewayError("STORAGE_FULL", error.message, { cause: error }) : error;
      }
    },
    writeProblem: writes.problem,
    missing: () => [...(isStalled && connection.isUp() ? [STALLED] : []), ...provision.missing()],
    async durableState(engine) {
      const info = await ask((jsm) =>
        jsm.consumers.info(SCANS, engineToken(engine)).catch((error: unknown) => {
          if (!isNotFound(error)) throw error;
          return undefined;
        }),
      );
      return (
        info && {
          ackFloor: info.ack_floor.stream_seq,
          pending: info.num_pending,
          unacknowledged: info.num_ack_pending,
          redelivered: info.num_redelivered,
        }
      );
    },
    async state() {
      const names = [...streams(internet, settings), presenceBucket(settings)].map(({ name }) => name);
      const infos = await ask(async (jsm) => {
        const bundles = jsm.streams.info(bundleStream(settings).name).catch((error: unknown) => {
          if (!isNotFound(error)) throw error;
          return undefined;
        });
        return (await Promise.all([...names.map((name) => jsm.streams.info(name)), bundles])).filter(
          (info) => info !== undefined,
        );
      });
      return {
        serverVersion: connection.up().info?.version ?? "",
        streams: infos.map(({ config, state }) => ({
          name: config.name,
          messages: state.messages,
          bytes: state.bytes,
          maxBytes: config.max_bytes > 0 ? config.max_bytes : null,
        })),
      };
    },
    async purgeScans(seq) {
      await ask((jsm) => jsm.streams.purge(SCANS, { seq }));
    },
    async removeRequests(stream, seqs) {
      if ((await scansState()).stream === stream) await removeMessages(connection.up(), SCANS, seqs);
    },
    sendControl(agent, message) {
      if (connection.isUp()) connection.up().publish(controlSubject(agent), encodeMessage(message));
    },
    consumeResults(deliver) {
      const pull = pullResults(log, deliver);
      pulls.add(pull);
      if (connection.isUp()) pull.open(connection.up());
      return {
        async stop() {
          pulls.delete(pull);
          await pull.stop();
        },
      };
    },
    async close() {
      clearInterval(timer);
      presence?.stop();
      await connection.close();
      await writes.stop();
    },
  };
}

function streamSettings(config: GatewayConfig): StreamSettings {
  return {
    maxDeadlineMs: OPTION_LIMITS.deadlineMs.max,
    scansMaxBytes: config.scansMaxBytes,
    samplesMaxBytes: config.samplesMaxBytes ?? -1,
    bundlesMaxBytes: config.bundlesMaxBytes,
    ackWaitMs: config.ackWaitMs,
    replicas: config.replicas,
  };
}
