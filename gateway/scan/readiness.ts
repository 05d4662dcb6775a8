import { FULL } from "../bus/write-probe.js";
import { databaseProblem } from "../db/migrations.js";
import type { Bus } from "../bus/bus.js";
import type { SampleStore } from "../bus/sample-store.js";
import type { Database } from "../db/database.js";
import type { WriteProbe } from "../write-probe.js";

/** What readiness depends on. */
interface Supports {
  readonly db: Database;
  readonly databaseWrites: WriteProbe;
  readonly bus: Bus;
  readonly samples: SampleStore;
}

/** Whether this gateway can serve, and why not. */
export interface ReadinessRecord {
  readonly status: "ok" | "degraded" | "unavailable";
  readonly reason: string | undefined;
  readonly nats: "ok" | "away" | "full" | "stalled";
}

/**
 * Without NATS the gateway still serves reads, so it counts as ready. It does not if a disk is full or broken, which does not fix itself,
 * or if NATS has reached its storage limit.
 */
export async function readReadiness({ db, databaseWrites, bus, samples }: Supports): Promise<ReadinessRecord> {
  const unwritten = bus.writeProblem();
  const reason = (await databaseProblem(db)) ?? databaseWrites.problem() ?? unwritten;
  const connected = bus.connected() && samples.connected();
  const nats = unwritten === FULL ? "full" : unwritten !== undefined ? "stalled" : connected ? "ok" : "away";
  if (reason !== undefined) return { status: "unavailable", reason, nats };
  const [missing] = bus.missing();
  return { status: nats === "ok" && missing === undefined ? "ok" : "degraded", reason: bus.problem() ?? missing, nats };
}
