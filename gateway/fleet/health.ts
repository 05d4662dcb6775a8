import type { Logger } from "pino";
import type { EnginePresence } from "../../schema/presence.js";
import { engineToken } from "../../schema/subjects.js";
import { isDataError, type Database } from "../db/database.js";
import { markHealthy, type UnhealthyEngine } from "../db/engines.js";

/** What agents say now of the engines that they have. */
export interface Announcements {
  /** By the agents that are there. */
  readonly here: readonly EnginePresence[];
  /** Subject tokens of engines that agents had, well, when they left a moment ago: they may be back soon. */
  readonly away: ReadonlySet<string>;
}

/** An engine that is being started, or whose agent may be back soon, counts as available for so long: its scans wait for it. */
export const UNHEALTHY_AFTER_MS = 30_000;
/** A gateway that has just started hears of agents one after the other: another may have the engine, well. */
const BROKEN_AFTER_MS = 1_000;

/** Returns a function that finds the engines that agents have and none that is there can run. */
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

/** It is not about to start: nothing changes of it by waiting. Agents that send no cause may mean anything. */
function isUnableToRun({ cause }: EnginePresence): boolean {
  return cause === "FAULT" || cause === "REFUSED";
}

/** It was tried and does not work. One that is refused is waited for: an operator may accept it. */
function isBroken({ cause, testedAt }: EnginePresence): boolean {
  return cause === "FAULT" || (cause === "STARTING" && testedAt !== null);
}

/** Records engines that are well. One of which Postgres refuses something costs no other its health. */
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
