import type { InternetClass } from "../../schema/classes.js";
import { markCloned } from "../db/agent-keys.js";
import { RecentMap } from "../recent-map.js";
import type { ScanContext } from "../scan/context.js";

/** Limits how many instances are remembered, in case somebody makes them up. */
const MOST_TOLD = 1_000;

/** Reports agents that run with another agent's key, and tells them to stop. */
export function reportCopies({
  db,
  bus,
  log,
}: Pick<ScanContext, "db" | "bus" | "log">): (internet: InternetClass, agent: string, instance: string) => void {
  /** The last reported instances. */
  const told = new RecentMap<string, true>(MOST_TOLD);
  return (internet, agent, instance) => {
    bus.account(internet).sendControl(agent, { v: 1, kind: "copy", instance });
    if (told.has(instance)) return;
    told.set(instance, true);
    log.warn({ agent, internet }, "a second agent runs with this agent's key and is refused: its data folder was copied");
    markCloned(db, agent).catch((error: unknown) => {
      told.delete(instance);
      log.warn({ err: error, agent }, "cannot record that an agent's key was copied; trying again");
    });
  };
}
