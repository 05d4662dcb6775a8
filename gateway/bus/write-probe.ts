import { NatsError, type NatsConnection } from "nats";
import type { Logger } from "pino";
import type { InternetClass } from "../../schema/classes.js";
import { probeStream } from "../../schema/streams.js";
import { accountName, PROBE, WRITE_PROBE } from "../../schema/subjects.js";
import { startWriteProbe, type WriteProbe } from "../write-probe.js";
import { isAway, isFull, type Connection } from "./connection.js";
import { isNotFound } from "./provision.js";

/** Time limit for one message, which is sent up to twice. */
const WITHIN_MS = 4_000;
const TRIES = 2;
/** Larger than a page of the file system, so that it needs disk space. */
const MESSAGE = new Uint8Array(16 * 1024);

/** Why nothing is written, as the operator reads it. */
export const STALLED = "NATS does not store anything: its disk may be full or broken. Free some room and restart nats-server.";

/** The same for a server that has reached its storage limit. */
export const FULL =
  "NATS stores nothing more: its streams hold as much as its max_file_store allows. Delete samples, or raise it (with docker compose SCANMESH_NATS_STORE).";

/** Probes whether JetStream takes messages of an account, by a stream that keeps the last one. */
export function probeStreams(connection: Connection, internet: InternetClass, replicas: number, log: Logger): WriteProbe {
  const publish = (nc: NatsConnection) => nc.jetstream().publish(WRITE_PROBE, MESSAGE, { timeout: WITHIN_MS });

  /** If some client subscribes to all subjects, a publish does not show that the stream is missing. So it is looked up once. */
  let isKnown = false;
  async function publishOrMake(nc: NatsConnection): Promise<void> {
    try {
      if (!isKnown) await findStream(nc);
      isKnown = true;
      await publish(nc);
    } catch (error) {
      if (!hasNoStream(error)) throw error;
      const jsm = await nc.jetstreamManager({ checkAPI: false });
      await jsm.streams.add(probeStream({ replicas }) as unknown as Parameters<typeof jsm.streams.add>[0]);
      await publish(nc);
    }
  }

  let stalled = false;
  async function write(): Promise<string | undefined> {
    // The first message may be lost while the connection is being restored. Only a repeated loss is reported.
    for (let tried = 0; tried < TRIES && connection.isUp(); tried++) {
      try {
        await publishOrMake(connection.up());
        stalled = false;
        return undefined;
      } catch (error) {
        if (isFull(error, "server")) return FULL;
        if (!isAway(error)) throw error;
      }
    }
    // A stalled server soon stops answering, so its connections drop too. That does not mean that it was fixed.
    stalled ||= connection.isUp();
    return stalled ? STALLED : undefined;
  }

  const account = log.child({ account: accountName(internet) });
  return startWriteProbe(account, { write, stalled: STALLED, withinMs: 3 * WITHIN_MS });
}

async function findStream(nc: NatsConnection): Promise<void> {
  const jsm = await nc.jetstreamManager({ checkAPI: false });
  await jsm.streams.info(PROBE);
}

/** JetStream has no such stream, or nothing listens to the subject because the stream or all of JetStream is missing. */
function hasNoStream(error: unknown): boolean {
  return isNotFound(error) || (error instanceof NatsError && error.code === "503");
}
