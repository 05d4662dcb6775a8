import { setupId, type EngineSetup } from "../../schema/engine-setup.js";
import { recordSetups } from "../db/engine-setups.js";
import type { Database } from "../db/database.js";
import type { PresentAgent } from "./presence.js";

/** How many are remembered as recorded. */
const REMEMBERED = 10_000;

/** Returns a function that records in Postgres how agents run their engines, for the results that name it. */
export function createSetups(db: Database): (present: readonly PresentAgent[]) => Promise<void> {
  const recorded = new Set<string>();
  /** Every heartbeat is read into new objects. */
  const ids = new WeakMap<EngineSetup, string>();

  function idOf(setup: EngineSetup): string {
    const id = ids.get(setup) ?? setupId(setup);
    ids.set(setup, id);
    return id;
  }

  return async (present) => {
    const setups = present.flatMap(({ engines }) => engines.flatMap(({ setup }) => (setup === undefined ? [] : [setup])));
    const fresh = new Map(setups.map((setup) => [idOf(setup), setup] as const).filter(([id]) => !recorded.has(id)));
    if (fresh.size === 0) return;
    await recordSetups(db, fresh);
    if (recorded.size > REMEMBERED) recorded.clear();
    for (const id of fresh.keys()) recorded.add(id);
  };
}
