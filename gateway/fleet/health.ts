import type { Logger } from "pino";
import type { EnginePresence } from "../../schema/presence.js";
import { engineToken } from "../../schema/subjects.js";
import { isDataError, type Database } from "../db/database.js";
import { markHealthy, type UnhealthyEngine } from "../db/engines.js";

/** What agents currently report about their engines. */
export interface Announcements {
  /** By present agents. */
  readonly here: readonly EnginePresence[];
  /** Subject tokens of engines that were healthy on agents that left a moment ago and may soon return. */
  readonly away: ReadonlySet<string>;
}

/** How long an engine that is starting, or whose agent may soon return, counts as available: its scans wait for it. */
export const UNHEALTHY_AFTER_MS = 30_000;
/** A gateway that has just started hears agents one by one, and another may have the engine in good health. */
const BROKEN_AFTER_MS = 1_000;

/** Returns a function that finds engines that agents have but no present agent can run. */
export function createHealth(): (announcements: Announcements) => UnhealthyEngine[] {
  const unhealthySince = new Map<string, number>();
  return ({ here, away }) => {
    const now = performance.now();
    const hosts = byToken(here);
    for (const token of unhealthySince.keys()) if (!hosts.has(token)) unhealthySince.delete(token);
    return [...hosts].flatMap(([name, its]) => {
      if (its.some(({ healthy }) => healthy)) {
        unhealthySince.delete(name);
        return [];
      }
      const since = unhealthySince.get(name) ?? now;
      unhealthySince.set(name, since);
      const isSettled = its.every(isUnableToRun) && !away.has(name);
      if (now - since < (isSettled ? BROKEN_AFTER_MS : UNHEALTHY_AFTER_MS)) return [];
      return [{ name, reason: its[0]?.reason ?? "unhealthy", broken: its.every(isBroken) }];
    });
  };
}

function byToken(engines: readonly EnginePresence[]): Map<string, EnginePresence[]> {
  const groups = new Map<string, EnginePresence[]>();
  for (const engine of engines) {
    const token = engineToken(engine.name);
    const group = groups.get(token);
    if (group) group.push(engine);
    else groups.set(token, [engine]);
  }
  return groups;
}

/** Whether waiting will not help. Agents that send no cause may mean anything. */
function isUnableToRun({ cause }: EnginePresence): boolean {
  return cause === "FAULT" || cause === "REFUSED";
}

/** Whether it was tried and does not work. A refused engine is still waited for, since an operator may accept it. */
function isBroken({ cause, testedAt }: EnginePresence): boolean {
  return cause === "FAULT" || (cause === "STARTING" && testedAt !== null);
}

/** Records healthy engines. If Postgres refuses one of them, the others are still recorded. */
export async function recordHealthy(
  db: Database,
  log: Logger,
  seen: readonly (EnginePresence & { agoMs: number })[],
): Promise<void> {
  if (seen.length === 0) return;
  try {
    await markHealthy(db, seen);
  } catch (error) {
    if (!isDataError(error)) throw error;
    if (seen.length > 1) {
      for (const one of seen) await recordHealthy(db, log, [one]);
      return;
    }
    log.warn({ err: error, engine: seen[0]?.name }, "Postgres refuses what an agent says of an engine");
  }
}
