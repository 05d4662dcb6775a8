import { FULL } from "../bus/write-probe.js";
import { databaseProblem } from "../db/migrations.js";
import type { ScanContext } from "./context.js";

/** Whether this gateway can serve, and why not. */
export interface ReadinessRecord {
  readonly status: "ok" | "degraded" | "unavailable";
  readonly reason: string | undefined;
  readonly nats: "ok" | "away" | "full" | "stalled";
}

/**
 * Without NATS it still serves reads, so it is ready; a disk that takes nothing does not heal by itself, so it is not; nor does a
 * NATS that holds all that it may.
 */
export async function readReadiness({ db, databaseWrites, bus, samples }: ScanContext): Promise<ReadinessRecord> {
  const unwritten = bus.writeProblem();
  const reason = (await databaseProblem(db)) ?? databaseWrites.problem() ?? unwritten;
  const connected = bus.connected() && samples.connected();
  const nats = unwritten === FULL ? "full" : unwritten !== undefined ? "stalled" : connected ? "ok" : "away";
  if (reason !== undefined) return { status: "unavailable", reason, nats };
  const [missing] = bus.missing();
  return { status: nats === "ok" && missing === undefined ? "ok" : "degraded", reason: bus.problem() ?? missing, nats };
}
