import { setupId, type EngineSetup } from "../../schema/engine-setup.js";
import { recordSetups } from "../db/engine-setups.js";
import type { Database } from "../db/database.js";
import type { PresentAgent } from "./presence.js";

/** How many setups are remembered as recorded, and for how long, since those in use must be confirmed again. */
const REMEMBERED = 10_000;
const REMEMBERED_MS = 3_600_000;

/** Returns a function that records in Postgres how agents run their engines, for the results that name it. */
export function createSetups(db: Database): (present: readonly PresentAgent[]) => Promise<void> {
  const recorded = new Map<string, number>();
  /** Ids by object; every heartbeat is parsed into new objects. */
  const ids = new WeakMap<EngineSetup, string>();

  function idOf(setup: EngineSetup): string {
    const id = ids.get(setup) ?? setupId(setup);
    ids.set(setup, id);
    return id;
  }

  function isRecorded(id: string): boolean {
    const at = recorded.get(id);
    return at !== undefined && performance.now() - at < REMEMBERED_MS;
  }

  return async (present) => {
    const setups = present.flatMap(({ engines }) => engines.flatMap(({ setup }) => (setup === undefined ? [] : [setup])));
    const fresh = new Map(setups.map((setup) => [idOf(setup), setup] as const).filter(([id]) => !isRecorded(id)));
    if (fresh.size === 0) return;
    await recordSetups(db, fresh);
    if (recorded.size > REMEMBERED) recorded.clear();
    for (const id of fresh.keys()) recorded.set(id, performance.now());
  };
}
