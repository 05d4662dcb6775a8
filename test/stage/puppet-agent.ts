/** An agent whose every move the test decides: it announces engines, takes requests and answers them as told. */

import { readFileSync } from "node:fs";
import { connect, credsAuthenticator, headers, type Msg, type MsgHdrs, type NatsConnection, type Payload } from "nats";
import type { InternetClass } from "../../schema/classes.js";
import { encodeMessage, parseMessage, ScanRequest, type ResultMessage } from "../../schema/messages.js";
import { type EnginePresence, type Presence } from "../../schema/presence.js";
import { MESSAGE_VERSION } from "../../schema/message-version.js";
import { SEALING, unsealChunk } from "../../schema/sealed-chunks.js";
import { CHUNK_BYTES } from "../../schema/streams.js";
import { chunkReadSubject, inboxPrefix, presenceSubject, pullSubject, resultSubject } from "../../schema/subjects.js";
import type { Stage } from "./stage.js";
import { until } from "./stage.js";

export interface PuppetAgent {
  readonly nc: NatsConnection;
  /** Publishes what the bus answers: to a stream, the bucket of presence, or for a chunk. */
  request(subject: string, data?: Payload, options?: { headers: MsgHdrs }): Promise<Msg>;
  /** Puts its presence again, with changes of its engines and of itself. */
  announce(engines?: Partial<EnginePresence>[], changes?: Partial<Presence>): Promise<void>;
  /** Deletes its presence, as an agent that leaves. */
  leave(): Promise<void>;
  /**
   * Takes the next request of an engine, or the one of a certain scan; it stays unacknowledged until `ack`. Requests that do
   * not name the engine, and those of other scans, are acknowledged and forgotten.
   */
  take(
    engine: string,
    options?: { scan?: number; seconds?: number },
  ): Promise<{ request: ScanRequest; message: Msg; ack(): void }>;
  /** Publishes a result and waits until the bus has it. An older agent's has `inspector: undefined`. */
  answer(engine: string, result: Partial<ResultMessage> & { scan: number }): Promise<void>;
  /** The bytes of a chunk, opened with the request's key; undefined if it is missing. */
  readChunk(sample: Pick<ScanRequest["sample"], "blob" | "key">, n: number): Promise<Uint8Array | undefined>;
  close(): Promise<void>;
}

/** Its engines use the same all the time, unless a test says otherwise. */
const FINGERPRINT = "f".repeat(64);
/** NATS's own is 1 s, which a busy machine may take for a message. */
const ANSWER_MS = 30_000;
const HEARTBEAT_MS = 60_000;
const NO_VERSIONS = { engine: "1.0", signatures: "42", signatureDate: null };

export function engine(name: string, rest: Partial<EnginePresence> = {}): EnginePresence {
  return {
    name,
    type: "AV",
    speed: "ULTRA",
    internet: false,
    input: "file",
    accepts: null,
    versions: NO_VERSIONS,
    fingerprint: FINGERPRINT,
    image: null,
    slots: 1,
    busy: 0,
    runner: "puppet",
    healthy: true,
    reason: null,
    testedAt: null,
    warnings: [],
    ...rest,
  };
}

export async function startPuppet(
  stage: Stage,
  id: string,
  engines: EnginePresence[],
  internet: InternetClass = "isolated",
  connection?: NatsConnection,
): Promise<PuppetAgent> {
  const nc = connection ?? (await connectShared(stage, id, internet));

  let heart: NodeJS.Timeout | undefined;

  const ask: PuppetAgent["request"] = (subject, data, options) => nc.request(subject, data, { timeout: ANSWER_MS, ...options });

  async function announce(changes: Partial<EnginePresence>[] = [], own: Partial<Presence> = {}): Promise<void> {
    const presence = {
      v: 1 as const,
      agent: id,
      host: "stage",
      version: "0",
      class: internet,
      startedAt: new Date().toISOString(),
      heartbeatMs: HEARTBEAT_MS,
      state: "READY" as const,
      proofs: [],
      largestChunk: CHUNK_BYTES,
      sealing: SEALING,
      messages: MESSAGE_VERSION,
      engines: engines.map((one, i) => ({ ...one, ...changes[i] })),
      ...own,
    };
    const put = () => ask(presenceSubject(id), encodeMessage(presence));
    await put();
    clearInterval(heart);
    // As an agent does it, because a busy machine takes long for a test. One that is to vanish has a heartbeat of its own.
    if (own.heartbeatMs === undefined) heart = setInterval(() => void put().catch(() => undefined), HEARTBEAT_MS / 2).unref();
  }

  await until("the bucket of presence is there", () =>
    announce().then(
      () => true,
      () => false,
    ),
  );
  await until("the engines are in the catalogue", async () => {
    const rows = await stage.db.selectFrom("engines").select("name").where("last_healthy_at", "is not", null).execute();
    return engines.filter(({ healthy }) => healthy).every(({ name }) => rows.some((row) => row.name === name));
  });

  return {
    nc,
    request: ask,
    announce,
    async leave() {
      clearInterval(heart);
      const deletion = headers();
      deletion.set("KV-Operation", "DEL");
      await ask(presenceSubject(id), undefined, { headers: deletion });
    },
    async take(name, { scan, seconds = 60 } = {}) {
      // A pulled message keeps its own subject, so the answer needs an inbox of its own.
      const options = { timeout: seconds * 1000 + 500, noMux: true };
      for (;;) {
        const message = await nc.request(pullSubject(name), JSON.stringify({ batch: 1, expires: seconds * 1e9 }), options);
        if (message.data.length === 0)
          throw new Error(`no request for ${name}: ${message.headers?.code} ${message.headers?.description}`);
        const request = parseMessage(ScanRequest, message.data);
        const ack = () => message.respond("+ACK");
        if (request.engines.includes(name) && (scan === undefined || scan === request.scan)) return { request, message, ack };
        ack();
      }
    },
    async answer(name, { scan, ...rest }) {
      const error = rest.state === undefined || rest.state === "DONE" || rest.state === "SCANNING" ? null : "puppet";
      const result: ResultMessage = {
        v: 1,
        scan,
        agent: id,
        state: "DONE",
        verdict: null,
        signature: null,
        error,
        versions: NO_VERSIONS,
        fingerprint: FINGERPRINT,
        image: null,
        startedAt: new Date().toISOString(),
        durationMs: 1,
        details: null,
        truncated: false,
        inspector: "puppet",
        ...rest,
      };
      const ack = await ask(resultSubject(name), encodeMessage(result));
      if (!("seq" in ack.json<object>())) throw new Error(`the bus did not take the result: ${ack.string()}`);
    },
    async readChunk({ blob, key }, n) {
      const message = await ask(chunkReadSubject(blob ?? "", n));
      if (message.headers?.code === 404) return undefined;
      const bytes = key === undefined ? message.data : unsealChunk(key, n, message.data);
      if (bytes === undefined) throw new Error(`the key does not open chunk ${n} of ${blob}`);
      return bytes;
    },
    async close() {
      clearInterval(heart);
      await nc.close();
    },
  };
}

/** Connects by the credentials that agents of a class share. */
function connectShared(stage: Stage, id: string, internet: InternetClass): Promise<NatsConnection> {
  return connect({
    servers: stage.nats().url,
    authenticator: credsAuthenticator(readFileSync(stage.keys.creds.agent[internet])),
    inboxPrefix: inboxPrefix(id),
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100,
  });
}
