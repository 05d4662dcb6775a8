import {
  NatsError,
  type ConsumerConfig,
  type JetStreamManager,
  type NatsConnection,
  type StreamConfig as NatsStreamConfig,
} from "nats";
import type { Logger } from "pino";
import type { EngineSpeed, InternetClass } from "../../schema/classes.js";
import { encodeMessage, type Control } from "../../schema/messages.js";
import { OperatorError } from "../../schema/operator-error.js";
import { OPTION_LIMITS } from "../../schema/scan-options.js";
import { sizeText } from "../../schema/settings.js";
import {
  engineDurable,
  recorderDurable,
  reservedBytes,
  streams,
  type StreamConfig,
  type StreamSettings,
} from "../../schema/streams.js";
import { accountName, AGENTS, controlSubject, engineToken, RESULTS, scanSubject, SCANS } from "../../schema/subjects.js";
import { keepConnection, removeMessages, streamErrorCode, type Connection } from "./connection.js";
import { consumeResults, type ResultDelivery } from "./results.js";
import type { GatewayConfig } from "../config.js";

/** A change of an agent's presence: its value, or undefined when its key was deleted. */
export type PresenceListener = (agent: string, value: Uint8Array | undefined) => void;

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
  /** Null: as much as the server has. */
  readonly maxBytes: number | null;
}

/** The gateway's side of one account. Every call throws UNAVAILABLE while the bus is away. */
export interface Account {
  readonly internet: InternetClass;
  readonly connection: Connection;
  /** Publishes a request. Returns its sequence and the identity of the stream that holds it. */
  publishRequest(speed: EngineSpeed, data: Uint8Array, messageId: string): Promise<{ seq: number; stream: string }>;
  /** Creates the engine's durable, or moves it to the engine's class. From then on it is created again if the server loses it. */
  ensureDurable(engine: { name: string; speed: EngineSpeed }): Promise<void>;
  /** Removes the durable of an engine that has moved to the other class. */
  dropDurable(engine: string): Promise<void>;
  durableState(engine: string): Promise<DurableState>;
  /** The server's version and the fill level of each stream. */
  state(): Promise<{ serverVersion: string; streams: StreamStatus[] }>;
  /** Last sequence and identity of SCANS. */
  scansState(): Promise<{ lastSeq: number; stream: string }>;
  /** Removes all requests below `seq`. */
  purgeScans(seq: number): Promise<void>;
  /** Removes requests by sequence, unless the stream has another identity by now. */
  removeRequests(stream: string, seqs: readonly number[]): Promise<void>;
  /** Sends an agent a control message. Lossy: while NATS is away nothing is sent. */
  sendControl(agent: string, message: Control): void;
  /** Delivers results until stopped, across reconnections. */
  consumeResults(deliver: (delivery: ResultDelivery) => Promise<void>): { stop(): Promise<void> };
}

/** Opens an account. Whenever it counts as up, its streams, the recorder's durable and every engine's durable exist. */
export function openAccount(
  config: GatewayConfig,
  internet: InternetClass,
  log: Logger,
  onPresence: PresenceListener,
  onUp: (nc: NatsConnection) => void,
): Account {
  const settings = streamSettings(config);
  const durables = new Map<string, { name: string; speed: EngineSpeed }>();
  const identity = new Map<string, string>();
  let stopPresence: (() => void) | undefined;

  async function prepare(nc: NatsConnection): Promise<void> {
    const jsm = await nc.jetstreamManager();
    for (const stream of streams(internet, settings)) {
      try {
        identity.set(stream.name, await ensureStream(jsm, stream));
      } catch (error) {
        if (streamErrorCode(error) !== NO_ROOM) throw error;
        throw new OperatorError(noRoom(`${stream.name} of ${accountName(internet)}`, settings), { cause: error });
      }
    }
    await jsm.consumers.add(RESULTS, recorderDurable(settings) as unknown as Partial<ConsumerConfig>);
    for (const engine of durables.values()) await addDurable(jsm, engine);
    stopPresence?.();
    stopPresence = await watchPresence(nc, config, log, onPresence);
    onUp(nc);
  }

  const connection = keepConnection(config, internet, "work", log, prepare);
  const manager = () => connection.up().jetstreamManager({ checkAPI: false });

  async function addDurable(jsm: JetStreamManager, engine: { name: string; speed: EngineSpeed }): Promise<void> {
    const wanted = engineDurable({ ...engine, internet }, settings);
    // If the subject of a durable is changed, NATS 2.9 does not deliver new messages from there, so it is created anew.
    const found = await findDurable(jsm, wanted.durable_name);
    if (found && found.filter_subject !== wanted.filter_subject) await jsm.consumers.delete(SCANS, wanted.durable_name);
    await jsm.consumers.add(SCANS, wanted as unknown as Partial<ConsumerConfig>);
  }

  async function scansState(): Promise<{ lastSeq: number; stream: string }> {
    const info = await (await manager()).streams.info(SCANS);
    return { lastSeq: info.state.last_seq, stream: String(info.created) };
  }

  return {
    internet,
    connection,
    scansState,
    async publishRequest(speed, data, messageId) {
      const stream = identity.get(SCANS) ?? "";
      const ack = await connection.up().jetstream().publish(scanSubject(speed, internet), data, { msgID: messageId });
      return { seq: ack.seq, stream };
    },
    async ensureDurable(engine) {
      await addDurable(await manager(), engine);
      durables.set(engineToken(engine.name), engine);
    },
    async dropDurable(engine) {
      durables.delete(engineToken(engine));
      try {
        await (await manager()).consumers.delete(SCANS, engineToken(engine));
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    },
    async durableState(engine) {
      const info = await (await manager()).consumers.info(SCANS, engineToken(engine));
      return {
        ackFloor: info.ack_floor.stream_seq,
        pending: info.num_pending,
        unacknowledged: info.num_ack_pending,
        redelivered: info.num_redelivered,
      };
    },
    async state() {
      const jsm = await manager();
      const names = streams(internet, settings).map(({ name }) => name);
      const infos = await Promise.all(names.map((name) => jsm.streams.info(name)));
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
      await (await manager()).streams.purge(SCANS, { seq });
    },
    async removeRequests(stream, seqs) {
      if ((await scansState()).stream === stream) await removeMessages(connection.up(), SCANS, seqs);
    },
    sendControl(agent, message) {
      if (connection.isUp()) connection.up().publish(controlSubject(agent), encodeMessage(message));
    },
    consumeResults: (deliver) => consumeResults(connection, log, deliver),
  };
}

function streamSettings(config: GatewayConfig): StreamSettings {
  return {
    maxDeadlineMs: OPTION_LIMITS.deadlineMs.max,
    scansMaxBytes: config.scansMaxBytes,
    samplesMaxBytes: config.samplesMaxBytes ?? -1,
    ackWaitMs: config.ackWaitMs,
    replicas: config.replicas,
  };
}

async function findDurable(jsm: JetStreamManager, name: string): Promise<ConsumerConfig | undefined> {
  try {
    return (await jsm.consumers.info(SCANS, name)).config;
  } catch (error) {
    if (!isNotFound(error)) throw error;
    return undefined;
  }
}

/** "Insufficient storage resources available": the server reserves `max_bytes` when it creates a stream. */
const NO_ROOM = 10_047;

function noRoom(stream: string, settings: StreamSettings): string {
  return (
    `NATS has no room for the stream ${stream}: all streams together reserve ${sizeText(reservedBytes(settings))} ` +
    "(four times SCANMESH_SCANS_MAX and twice SCANMESH_SAMPLES_MAX), more than nats-server may use. " +
    "Raise its max_file_store (with docker compose SCANMESH_NATS_STORE) or lower these settings."
  );
}

function isNotFound(error: unknown): boolean {
  return error instanceof NatsError && error.api_error?.code === 404;
}

/** Creates the stream, or applies changed settings if it exists. Returns its creation time, which identifies it. */
async function ensureStream(jsm: JetStreamManager, wanted: StreamConfig): Promise<string> {
  const config = wanted as unknown as NatsStreamConfig;
  try {
    const { config: found, created } = await jsm.streams.info(wanted.name);
    const changed = (["max_bytes", "max_age", "num_replicas"] as const).some((key) => found[key] !== wanted[key]);
    if (changed) await jsm.streams.update(wanted.name, config);
    return String(created);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    return String((await jsm.streams.add(config)).created);
  }
}

async function watchPresence(
  nc: NatsConnection,
  config: GatewayConfig,
  log: Logger,
  listen: PresenceListener,
): Promise<() => void> {
  const bucket = await nc
    .jetstream()
    .views.kv(AGENTS, { history: 1, ttl: 300_000, replicas: config.replicas, allow_direct: true });
  const entries = await bucket.watch();
  const reading = (async () => {
    for await (const entry of entries) listen(entry.key, entry.operation === "PUT" ? entry.value : undefined);
  })();
  reading.catch((error: unknown) => log.error({ err: error }, "cannot watch the presence of agents"));
  return () => entries.stop();
}
