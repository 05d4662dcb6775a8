/**
 * The bare path's gateway: the architecture of the real one and nothing that makes it a product. Samples are hashed and stored before
 * a row names them, a scan is one commit before the answer, requests and results are stored by the bus before anybody relies on them,
 * and results are acknowledged after their commit.
 */

import { createHash, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { createInbox, type ConsumerConfig, type Msg, type StreamConfig } from "nats";
import pg from "pg";
import { WebSocketServer, type WebSocket } from "ws";
import { notifyParent } from "../../../schema/lifecycle.js";
import { CHUNK_BYTES, engineDurable, recorderDurable, streams } from "../../../schema/streams.js";
import { chunkSubject, RESULTS, RESULTS_PULL, SCANS, scanSubject } from "../../../schema/subjects.js";
import { endWithParent, ENGINE, messageId, openLink, storedAs, TIMEOUT_MS } from "./link.js";
import type { BareRequest, BareSample } from "./request.js";
import { ACCEPT, RECORD, SESSION, TABLES } from "./tables.js";

const WRITES_IN_FLIGHT = 8;
const ACCEPTS_TOGETHER = 100;
const ACCEPTS_AT_ONCE = 2;
const RESULTS_TOGETHER = 200;
const PULL = { batch: 500, max_bytes: 8 * 1024 * 1024 };
const PULL_EXPIRES_MS = 5_000;
const GRACE_MS = 1_000;
const DEADLINE_MS = 15 * 60_000;
const SETTINGS = {
  maxDeadlineMs: 24 * 3_600_000,
  scansMaxBytes: 1024 ** 3,
  samplesMaxBytes: -1,
  bundlesMaxBytes: 1024 ** 3,
  ackWaitMs: 30_000,
  replicas: 1,
};

interface Stored extends BareSample {
  readonly chunks: readonly number[];
}

interface Accept {
  readonly sample: Stored;
  readonly done: (scan: number) => void;
  readonly failed: (reason: unknown) => void;
}

interface Result {
  readonly scan: number;
  readonly agent: string;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly versions: { readonly engine: string };
  readonly details: unknown;
}

endWithParent();
const pool = new pg.Pool({
  connectionString: process.env["DATABASE_URL"],
  max: 16,
  onConnect: async (client) => void (await client.query(SESSION)),
});
await pool.query(TABLES);
const work = await openLink("gateway work");
const samples = await openLink("gateway samples");
const manager = await work.jetstreamManager();
for (const stream of streams("isolated", SETTINGS)) await manager.streams.add(stream as Partial<StreamConfig>);
const engine = { name: ENGINE, speed: "ULTRA", internet: "isolated" } as const;
await manager.consumers.add(SCANS, engineDurable(engine, SETTINGS) as Partial<ConsumerConfig>);
await manager.consumers.add(RESULTS, recorderDurable(SETTINGS) as Partial<ConsumerConfig>);

/** Those that came while statements were at work are the next one. */
const accepts: Accept[] = [];
let accepting = 0;

function accept(sample: Stored): Promise<number> {
  return new Promise((done, failed) => {
    accepts.push({ sample, done, failed });
    if (accepts.length === 1) setImmediate(acceptNext);
  });
}

function acceptNext(): void {
  while (accepting < ACCEPTS_AT_ONCE && accepts.length > 0) {
    accepting += 1;
    void acceptAll(accepts.splice(0, ACCEPTS_TOGETHER)).finally(() => {
      accepting -= 1;
      acceptNext();
    });
  }
}

async function acceptAll(batch: readonly Accept[]): Promise<void> {
  try {
    const column = <T>(value: (sample: Stored) => T) => batch.map(({ sample }) => value(sample));
    const values = [
      column(({ sha256 }) => sha256),
      column(({ md5 }) => md5),
      column(({ sha1 }) => sha1),
      column(({ size }) => size),
      column(({ blob }) => blob),
      column(({ chunks }) => `{${chunks.join()}}`),
    ];
    const { rows } = await pool.query<{ id: number; sha256: string }>({ name: "accept", text: ACCEPT, values });
    const ids = new Map(rows.map(({ id, sha256 }) => [sha256, id]));
    for (const { sample, done } of batch) done(ids.get(sample.sha256) ?? 0);
  } catch (error) {
    for (const { failed } of batch) failed(error);
  }
}

async function store(request: IncomingMessage): Promise<Stored> {
  const hashes = [createHash("md5"), createHash("sha1"), createHash("sha256")] as const;
  const blob = randomUUID();
  const writes: Promise<number>[] = [];
  let parts: Buffer[] = [];
  let held = 0;
  let size = 0;
  const write = async () => {
    const n = writes.length;
    if (n >= WRITES_IN_FLIGHT) await writes[n - WRITES_IN_FLIGHT];
    const [first] = parts;
    const bytes = parts.length === 1 && first ? first : Buffer.concat(parts, held);
    [parts, held] = [[], 0];
    writes.push(put(chunkSubject(blob, n), bytes, `${blob}.${n}`));
  };
  for await (const read of request as AsyncIterable<Buffer>) {
    for (const hash of hashes) hash.update(read);
    size += read.length;
    for (let rest = read; rest.length > 0;) {
      const part = rest.subarray(0, CHUNK_BYTES - held);
      rest = rest.subarray(part.length);
      parts.push(part);
      held += part.length;
      if (held === CHUNK_BYTES) await write();
    }
  }
  if (held > 0 || writes.length === 0) await write();
  const [md5, sha1, sha256] = hashes.map((hash) => hash.digest("hex")) as [string, string, string];
  return { md5, sha1, sha256, size, blob, chunks: await Promise.all(writes) };
}

async function put(subject: string, bytes: Buffer, id: string): Promise<number> {
  return storedAs(await samples.request(subject, bytes, { timeout: TIMEOUT_MS, headers: messageId(id) }));
}

async function publish(scan: number, { sha256, md5, sha1, size, blob }: Stored): Promise<void> {
  const request: BareRequest = {
    v: 1,
    scan,
    sample: { sha256, md5, sha1, size, mime: "application/octet-stream", blob },
    engines: [ENGINE],
    timeoutMs: DEADLINE_MS,
  };
  const options = { timeout: TIMEOUT_MS, headers: messageId(`request-${scan}`) };
  storedAs(await work.request(scanSubject("ULTRA", "isolated"), JSON.stringify(request), options));
}

const arrived: Msg[] = [];
const watchers = new Map<number, WebSocket>();
const finals = new Set<number>();
let recording = false;

/** One batch at a time: what arrives meanwhile is the next. */
async function record(): Promise<void> {
  if (recording) return;
  recording = true;
  await new Promise(setImmediate);
  while (arrived.length > 0) {
    const batch = arrived.splice(0, RESULTS_TOGETHER);
    const results = batch.map((message) => message.json<Result>());
    const values = [
      results.map(({ scan }) => scan),
      results.map(({ agent }) => agent),
      results.map(({ startedAt }) => startedAt),
      results.map(({ durationMs }) => durationMs),
      results.map(({ versions }) => versions.engine),
      results.map(({ details }) => JSON.stringify(details)),
    ];
    await pool.query({ name: "record", text: RECORD, values });
    for (const message of batch) message.respond("+ACK");
    for (const { scan } of results) tell(scan);
  }
  recording = false;
}

function tell(scan: number): void {
  finals.add(scan);
  watchers.get(scan)?.send(`${scan}`);
  watchers.delete(scan);
}

/** One pull is open at a time, as in the product: the client's own `consume` divides its window into ever smaller ones. */
function pullResults(): void {
  const inbox = createInbox();
  let pulls = 0;
  let missing = 0;
  let timer: NodeJS.Timeout | undefined;
  const ask = () => {
    clearTimeout(timer);
    missing = PULL.batch;
    const pull = { ...PULL, expires: PULL_EXPIRES_MS * 1e6 };
    work.publish(RESULTS_PULL, JSON.stringify(pull), { reply: `${inbox}.${++pulls}` });
    timer = setTimeout(ask, PULL_EXPIRES_MS + GRACE_MS);
  };
  const callback = (error: Error | null, message: Msg) => {
    if (error) throw error;
    if (message.subject === `${inbox}.${pulls}`) return ask();
    if (message.subject.startsWith(inbox)) return;
    arrived.push(message);
    void record();
    if (--missing === 0) ask();
  };
  work.subscribe(`${inbox}.*`, { callback });
  ask();
}

const server = createServer((request, response) => {
  void (async () => {
    const sample = await store(request);
    const id = await accept(sample);
    void publish(id, sample);
    const { md5, sha1, sha256 } = sample;
    const text = JSON.stringify({ id, hashes: { md5, sha1, sha256 } });
    response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(text) }).end(text);
  })();
});
new WebSocketServer({ server }).on("connection", (socket) => {
  socket.on("message", (data: Buffer) => {
    const scan = Number(data.toString());
    if (finals.has(scan)) socket.send(`${scan}`);
    else watchers.set(scan, socket);
  });
});
pullResults();
server.listen(0, "127.0.0.1", () => {
  notifyParent({ kind: "listening", url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
});
