/** What people do to an update: roll it back, or let it go on. */

import type { Caller } from "../caller.js";
import { audit } from "../db/audit.js";
import { readBase } from "../db/engine-targets.js";
import { changeUpdate, lockUpdates, readOpenUpdate, readUpdate, type UpdateRecord } from "../db/engine-updates.js";
import type { Tx } from "../db/database.js";
import { readBefore } from "../db/update-choice.js";
import { badInput, GatewayError } from "../errors.js";
import { findEngine } from "./find-engines.js";
import { restoreTargets, planUpdate } from "./plan-update.js";
import type { UpdateMesh } from "./context.js";

/**
 * Rolls a set of an engine back. An update that is under way or held is abandoned. Without one, all hosts go back to the previous bundle,
 * in steps and without a canary. Throws NOT_FOUND, and BAD_INPUT if there is nothing to go back to.
 */
export async function rollbackEngine({ db }: UpdateMesh, caller: Caller, name: string, set: string): Promise<UpdateRecord> {
  const engine = await findEngine(db, name);
  return db.transaction().execute(async (tx) => {
    await lockUpdates(tx, engine.engineId);
    const open = await readOpenUpdate(tx, engine.engineId, set);
    const id =
      open && open.state !== "PENDING" ? await abandonUpdate(tx, open) : await planRollback(tx, engine.engineId, set, open);
    await audit(tx, caller, "rollbackEngine", engine.name, { set, update: String(id) });
    return readExisting(tx, id);
  });
}

async function abandonUpdate(tx: Tx, open: UpdateRecord): Promise<number> {
  if (open.cause === "ROLLBACK") throw badInput("engine", `${open.engine} is on its way back already`);
  await restoreTargets(tx, open);
  await changeUpdate(tx, open.id, { state: "ROLLED_BACK", reason: "Somebody rolled it back." });
  return open.id;
}

async function planRollback(tx: Tx, engineId: number, set: string, waiting: UpdateRecord | undefined): Promise<number> {
  const base = await readBase(tx, engineId, set);
  const served = new Set([base]);
  let before = base === null ? undefined : await readBefore(tx, engineId, set, base);
  if (!before && waiting) return abandonUpdate(tx, waiting);
  if (!before) throw badInput("engine", `there is nothing of ${set} to go back to: its hosts serve what they were given first`);
  while (before && before.bundleId !== null && (before.isRemoved || before.bundleId === base)) {
    // Skips bundles whose files are gone, and stops at one that was seen before: from there the history goes in a circle.
    if (served.has(before.bundleId)) before = undefined;
    else {
      served.add(before.bundleId);
      before = await readBefore(tx, engineId, set, before.bundleId);
    }
  }
  if (!before) throw badInput("engine", "the files of the bundle before are gone");
  const planned = await planUpdate(tx, { engineId, set, bundleId: before.bundleId, cause: "ROLLBACK", skipCanary: true });
  if ("underway" in planned) throw new TypeError("an update began in the middle of a lock");
  return planned.id;
}

/** Lets an update go on to the other hosts without its canary. Throws NOT_FOUND, and BAD_INPUT if it is past its canary. */
export async function skipCanary({ db }: UpdateMesh, caller: Caller, id: number): Promise<UpdateRecord> {
  const known = await readUpdate(db, id);
  if (!known) throw new GatewayError("NOT_FOUND", `there is no update ${id}`);
  return db.transaction().execute(async (tx) => {
    await lockUpdates(tx, known.engineId);
    const { state, engine } = await readExisting(tx, id);
    if (state === "PENDING") await changeUpdate(tx, id, { skipCanary: true });
    else if (state === "CANARY" || state === "HELD")
      await changeUpdate(tx, id, { state: "ROLLING", skipCanary: true, reason: null });
    else throw badInput("id", "this update waits for no canary");
    await audit(tx, caller, "skipCanary", engine, { update: String(id) });
    return readExisting(tx, id);
  });
}

async function readExisting(tx: Tx, id: number): Promise<UpdateRecord> {
  const update = await readUpdate(tx, id);
  if (!update) throw new GatewayError("NOT_FOUND", `there is no update ${id}`);
  return update;
}
