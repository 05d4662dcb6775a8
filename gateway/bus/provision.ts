import {
  NatsError,
  type ConsumerConfig,
  type JetStreamManager,
  type NatsConnection,
  type StreamConfig as NatsStreamConfig,
} from "nats";
import type { Logger } from "pino";
import type { EngineSpeed, InternetClass } from "../../schema/classes.js";
import { OperatorError } from "../../schema/operator-error.js";
import { sizeText } from "../../schema/settings.js";
import {
  bundleStream,
  engineDurable,
  PRESENCE_RESERVED,
  PRESENCE_STREAM,
  presenceBucket,
  recorderDurable,
  reservedBytes,
  streams,
  type DurableConfig,
  type StreamConfig,
  type StreamSettings,
} from "../../schema/streams.js";
import { accountName, AGENTS, BUNDLES, engineToken, RECORDER, RESULTS, SCANS } from "../../schema/subjects.js";
import { isAway, streamErrorCode } from "./connection.js";

/** What a durable needs to know of its engine. */
export interface DurableEngine {
  readonly name: string;
  readonly speed: EngineSpeed;
}

/** The streams and durables of one account, created when missing. */
export interface Provision {
  /** Creates each missing part. Throws if a stream or the bucket cannot be created; a durable that fails affects only its engine. */
  ensure(nc: NatsConnection): Promise<void>;
  /** Creates the stream of bundles if it is missing. Throws if it cannot be created; this affects only bundles. */
  ensureBundles(jsm: JetStreamManager): Promise<void>;
  /** Creates or moves the durable of an engine, and recreates it if it is lost later. */
  addDurable(jsm: JetStreamManager, engine: DurableEngine): Promise<void>;
  /** Removes the durable of an engine. */
  dropDurable(jsm: JetStreamManager, engine: string): Promise<void>;
  /** When a stream was created, which identifies it; empty before it was seen. */
  identity(stream: string): string;
  /** What could not be created, a sentence each. */
  missing(): string[];
}

/** "Insufficient storage resources available": the server reserves `max_bytes` when it creates a stream. */
const NO_ROOM = 10_047;

/** `onNewBucket` is called when the presence bucket was recreated, because watchers have to start again. */
export function createProvision(
  internet: InternetClass,
  settings: StreamSettings,
  log: Logger,
  onNewBucket: () => void,
): Provision {
  const account = accountName(internet);
  const durables = new Map<string, DurableEngine>();
  const identities = new Map<string, string>();
  const missing = new Map<string, string>();

  /** Creates something and notes the outcome. Returns the error, if any. */
  async function note(what: string, make: () => Promise<void>): Promise<unknown> {
    try {
      await make();
      missing.delete(what);
      return undefined;
    } catch (error) {
      // If NATS does not answer, nothing is known to be missing.
      if (!isAway(error))
        missing.set(what, error instanceof OperatorError ? error.message : `${what} of ${account} is missing: ${String(error)}`);
      return error;
    }
  }

  /** A failed durable is logged once for each reason. */
  async function noteDurable(name: string, make: () => Promise<void>): Promise<unknown> {
    const what = `the durable ${name}`;
    const before = missing.get(what);
    const error = await note(what, make);
    const reason = missing.get(what);
    if (reason !== undefined && reason !== before) log.error({ account, err: error }, reason);
    return error;
  }

  function identify(name: string, created: string): void {
    const before = identities.get(name);
    identities.set(name, created);
    if (before === undefined || before === created) return;
    log.warn({ account, stream: name }, "a stream was lost and has been made again");
    if (name === PRESENCE_STREAM) onNewBucket();
  }

  async function makeStream(jsm: JetStreamManager, stream: StreamConfig): Promise<void> {
    try {
      identify(stream.name, await ensureStream(jsm, stream));
    } catch (error) {
      if (streamErrorCode(error) !== NO_ROOM) throw error;
      throw new OperatorError(noRoom(`${stream.name} of ${account}`, settings), { cause: error });
    }
  }

  async function ensureEach(jsm: JetStreamManager): Promise<void> {
    const failures: unknown[] = [];
    for (const stream of streams(internet, settings)) {
      failures.push(await note(`the stream ${stream.name}`, () => makeStream(jsm, stream)));
    }
    failures.push(await note(`the bucket ${AGENTS}`, () => makeStream(jsm, presenceBucket(settings))));
    const failure = failures.find((one) => one !== undefined);
    if (failure !== undefined) throw failure;
    await ensureDurables(jsm);
  }

  async function ensureDurables(jsm: JetStreamManager): Promise<void> {
    await noteDurable(RECORDER, () => addConsumer(jsm, RESULTS, recorderDurable(settings)));
    await dropRecorded(jsm);
    const found = new Map<string, ConsumerConfig>();
    for await (const { name, config } of jsm.consumers.list(SCANS)) found.set(name, config);
    for (const [token, engine] of durables) {
      const wanted = engineDurable({ ...engine, internet }, settings);
      if (found.get(token)?.filter_subject === wanted.filter_subject && !missing.has(`the durable ${token}`)) continue;
      await noteDurable(token, () => makeDurable(jsm, engine));
    }
  }

  /** After its disk was full, a server may know that results are acknowledged and still keep them until they fill the stream. */
  async function dropRecorded(jsm: JetStreamManager): Promise<void> {
    const { ack_floor } = await jsm.consumers.info(RESULTS, RECORDER);
    const { state } = await jsm.streams.info(RESULTS);
    if (state.messages === 0 || state.first_seq > ack_floor.stream_seq) return;
    const { purged } = await jsm.streams.purge(RESULTS, { seq: ack_floor.stream_seq + 1 });
    log.warn({ account, stream: RESULTS, purged }, "results that are recorded were still on the bus and have been removed");
  }

  async function makeDurable(jsm: JetStreamManager, engine: DurableEngine): Promise<void> {
    const wanted = engineDurable({ ...engine, internet }, settings);
    // NATS 2.9 delivers no new messages to a durable whose subject was changed, so it is recreated.
    const found = await findDurable(jsm, wanted.durable_name);
    if (found && found.filter_subject !== wanted.filter_subject) await jsm.consumers.delete(SCANS, wanted.durable_name);
    await addConsumer(jsm, SCANS, wanted);
  }

  return {
    async ensure(nc) {
      await ensureEach(await nc.jetstreamManager());
    },
    async ensureBundles(jsm) {
      const failure = await note(`the stream ${BUNDLES}`, () => makeStream(jsm, bundleStream(settings)));
      if (failure !== undefined) throw failure;
    },
    async addDurable(jsm, engine) {
      const token = engineToken(engine.name);
      const failure = await noteDurable(token, () => makeDurable(jsm, engine));
      if (failure !== undefined) throw failure;
      durables.set(token, engine);
    },
    async dropDurable(jsm, engine) {
      const token = engineToken(engine);
      durables.delete(token);
      missing.delete(`the durable ${token}`);
      try {
        await jsm.consumers.delete(SCANS, token);
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    },
    identity: (stream) => identities.get(stream) ?? "",
    missing: () => [...missing.values()],
  };
}

/** Whether JetStream has no stream, durable or message of that name. */
export function isNotFound(error: unknown): boolean {
  return error instanceof NatsError && error.api_error?.code === 404;
}

async function findDurable(jsm: JetStreamManager, name: string): Promise<ConsumerConfig | undefined> {
  try {
    return (await jsm.consumers.info(SCANS, name)).config;
  } catch (error) {
    if (!isNotFound(error)) throw error;
    return undefined;
  }
}

async function addConsumer(jsm: JetStreamManager, stream: string, wanted: DurableConfig): Promise<void> {
  await jsm.consumers.add(stream, wanted as unknown as Partial<ConsumerConfig>);
}

/** Creates the stream, or applies changed settings if it exists. Returns its creation time, which identifies it. */
async function ensureStream(jsm: JetStreamManager, wanted: StreamConfig): Promise<string> {
  const config = wanted as unknown as NatsStreamConfig;
  try {
    const { config: found, created } = await jsm.streams.info(wanted.name);
    const changed = (["subjects", "max_bytes", "max_age", "num_replicas", "discard", "allow_rollup_hdrs"] as const).some(
      (key) => String(found[key] ?? false) !== String(wanted[key] ?? false),
    );
    if (changed) await jsm.streams.update(wanted.name, config);
    return String(created);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    return String((await jsm.streams.add(config)).created);
  }
}

function noRoom(stream: string, settings: StreamSettings): string {
  return (
    `NATS has no room for the stream ${stream}: all streams together reserve ${sizeText(reservedBytes(settings))} ` +
    `(four times SCANMESH_SCANS_MAX, twice SCANMESH_SAMPLES_MAX and SCANMESH_BUNDLES_MAX, and ${sizeText(PRESENCE_RESERVED)}), more than nats-server may use. ` +
    "Raise its max_file_store (with docker compose SCANMESH_NATS_STORE) or lower these settings."
  );
}
