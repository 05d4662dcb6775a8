/** When a set is updated: its schedule, its window, and pauses. */

import { BUNDLE_LIMITS, setName } from "../../schema/bundle.js";
import type { EngineRecord } from "../../schema/reports.js";
import type { Caller } from "../caller.js";
import { audit } from "../db/audit.js";
import type { Database } from "../db/database.js";
import { readSets } from "../db/update-sets.js";
import { changePolicy, pauseSets, type PolicyChange, type PolicyRecord } from "../db/update-policies.js";
import { badInput } from "../errors.js";
import { findEngine, findEngines } from "./find-engines.js";
import type { UpdateMesh } from "./context.js";
import { checkWindow } from "./windows.js";

const CHECK_MS = { min: 3_600_000, max: 30 * 86_400_000 };

/** Changes how a set is updated; undefined fields stay as they are. Throws NOT_FOUND and BAD_INPUT. */
export async function setUpdatePolicy(
  { db }: UpdateMesh,
  caller: Caller,
  { engine: name, set, ...change }: PolicyChange & { engine: string; set: string },
): Promise<PolicyRecord> {
  const engine = await findEngine(db, name);
  checkSet(set);
  const { checkEveryMs = CHECK_MS.min } = change;
  if (checkEveryMs < CHECK_MS.min || checkEveryMs > CHECK_MS.max)
    throw badInput("checkEverySeconds", "must be from 3600 (an hour) to 2592000 (30 days)");
  checkWindow(change);
  return db.transaction().execute(async (tx) => {
    const policy = await changePolicy(tx, engine.engineId, set, change);
    await audit(tx, caller, "setUpdatePolicy", engine.name, { set, ...change });
    return policy;
  });
}

/** Engines whose updates are paused or resumed: undefined are all. */
export interface Paused {
  readonly engines: readonly string[] | undefined;
  /** Undefined: every set of theirs. */
  readonly set: string | undefined;
}

/** Pauses the updates of these engines until a time, or with null until they are resumed: none begins, and no further host follows. */
export async function pauseUpdates(mesh: UpdateMesh, caller: Caller, paused: Paused, until: Date | null): Promise<string[]> {
  if (until !== null && !(until.getTime() > Date.now())) throw badInput("until", "must be in the future");
  return changePause(mesh.db, caller, "pauseUpdates", paused, until);
}

/** Lets updates of these engines begin again. */
export async function resumeUpdates(mesh: UpdateMesh, caller: Caller, paused: Paused): Promise<string[]> {
  return changePause(mesh.db, caller, "resumeUpdates", paused, undefined);
}

async function changePause(
  db: Database,
  caller: Caller,
  action: string,
  { engines: names, set }: Paused,
  until: Date | null | undefined,
): Promise<string[]> {
  if (set !== undefined) checkSet(set);
  const engines = await findEngines(db, names);
  const sets = (await setsOf(db, engines)).filter((one) => set === undefined || one.set === set);
  const named = set === undefined ? sets : engines.map(({ engineId }) => ({ engineId, set }));
  await db.transaction().execute(async (tx) => {
    await pauseSets(tx, named, until);
    for (const { name } of engines) await audit(tx, caller, action, name, { set: set ?? null, until: until ?? null });
  });
  return engines.map(({ name }) => name);
}

/** All known sets of these engines; every engine has at least `main`. */
async function setsOf(db: Database, engines: readonly EngineRecord[]): Promise<{ engineId: number; set: string }[]> {
  const known = await readSets(db);
  return engines.flatMap(({ engineId }) =>
    [...new Set(["main", ...known.filter((one) => one.engineId === engineId).map(({ set }) => set)])].map((set) => ({
      engineId,
      set,
    })),
  );
}

function checkSet(set: string): void {
  const { error } = setName.safeParse(set);
  if (error) throw badInput("set", error.issues[0]?.message ?? `is no name of one of ${BUNDLE_LIMITS.sets} sets`);
}
