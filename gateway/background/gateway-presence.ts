import { randomUUID } from "node:crypto";
import { statfs } from "node:fs/promises";
import { hostname } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { createAbortController } from "../../schema/abort-controller.js";
import { deleteGateway, recordGateway } from "../db/gateways.js";
import { DatabaseAway } from "../errors.js";
import type { ScanContext } from "../scan/context.js";
import { STARTED_AT, VERSION } from "../scan/system.js";

const EVERY_MS = 10_000;
/** How often the connection to NATS is checked for a change. */
const LOOK_MS = 250;

/** Records in Postgres that this gateway is alive, every few seconds and whenever it loses or regains NATS, until stopped. */
export function startGatewayPresence(
  { db, bus, samples, log }: Pick<ScanContext, "db" | "bus" | "samples" | "log">,
  everyMs = EVERY_MS,
): { stop(): Promise<void> } {
  const gatewayId = randomUUID();
  const stopping = createAbortController();
  let isRecorded = false;
  const isConnected = () => bus.connected() && samples.connected();

  async function record(natsConnected: boolean): Promise<void> {
    try {
      await recordGateway(db, {
        gatewayId,
        host: hostname(),
        version: VERSION,
        nodeVersion: process.versions.node,
        startedAt: STARTED_AT,
        natsConnected,
        diskFree: await freeBytes(process.cwd()),
        memoryBytes: process.memoryUsage.rss(),
      });
      isRecorded = true;
    } catch (error) {
      isRecorded = false;
      if (!(error instanceof DatabaseAway)) log.warn({ err: error }, "cannot record that this gateway is there; retrying");
    }
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const natsConnected = isConnected();
      await record(natsConnected);
      const next = performance.now() + everyMs;
      while (!stopping.signal.aborted && isConnected() === natsConnected && performance.now() < next) await lookAgain();
    }
  }

  async function lookAgain(): Promise<void> {
    await pause(LOOK_MS, undefined, stopping).catch((error: unknown) => {
      if (!stopping.signal.aborted) throw error;
    });
  }

  const running = run();
  return {
    async stop() {
      stopping.abort();
      await running;
      // If Postgres is away, the record expires by itself after a while.
      if (isRecorded)
        await deleteGateway(db, gatewayId).catch((error: unknown) =>
          log.debug({ err: error }, "cannot take this gateway off the list"),
        );
    },
  };
}

/** Null if the operating system does not report it. */
async function freeBytes(folder: string): Promise<number | null> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch {
    return null;
  }
}
