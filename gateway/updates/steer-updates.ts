/** Updates that people take back, put off, or let go on. */

import type { Caller } from "../caller.js";
import { audit } from "../db/audit.js";
import { readBase } from "../db/engine-targets.js";
import { changeUpdate, lockUpdates, readOpenUpdate, readUpdate, type UpdateRecord } from "../db/engine-updates.js";
import type { Tx } from "../db/database.js";
import { readBefore } from "../db/update-choice.js";
import { badInput, GatewayError } from "../errors.js";
import { findEngine } from "./find-engines.js";
import { giveBack, planUpdate } from "./plan-update.js";
import type { UpdateMesh } from "./context.js";

/**
 * Has an engine serve the bundle before of a set: an update that is under way or held is given up; without one, all hosts go back, in
 * steps and without a canary. Throws NOT_FOUND, and BAD_INPUT if there is nothing to go back to.
 */
export async function rollbackEngine({ db }: UpdateMesh, caller: Caller, name: string, set: string): Promise<UpdateRecord> {
  const engine = await findEngine(db, name);
  return db.transaction().execute(async (tx) => {
    await lockUpdates(tx, engine.engineId);
    const open = await readOpenUpdate(tx, engine.engineId, set);
    const id = open && open.state !== "PENDING" ? await giveUp(tx, open) : await goBack(tx, engine.engineId, set, open);
    await audit(tx, caller, "rollbackEngine", engine.name, { set, update: String(id) });
    return written(tx, id);
  });
}

async function giveUp(tx: Tx, open: UpdateRecord): Promise<number> {
  if (open.cause === "ROLLBACK") throw badInput("engine", `${open.engine} is on its way back already`);
  await giveBack(tx, open);
  await changeUpdate(tx, open.id, { state: "ROLLED_BACK", reason: "Somebody rolled it back." });
  return open.id;
}

async function goBack(tx: Tx, engineId: number, set: string, waiting: UpdateRecord | undefined): Promise<number> {
  const base = await readBase(tx, engineId, set);
  const served = new Set([base]);
  let before = base === null ? undefined : await readBefore(tx, engineId, set, base);
  if (!before && waiting) return giveUp(tx, waiting);
  if (!before) throw badInput("engine", `there is nothing of ${set} to go back to: its hosts serve what they were given first`);
  while (before && before.bundleId !== null && (before.isRemoved || before.bundleId === base)) {
    // It may have been served more than once: each leads back to the one before it.
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

/** Lets an update go on to the other hosts, whatever its canary does. Throws NOT_FOUND, and BAD_INPUT if it waits for no canary. */
export async function skipCanary({ db }: UpdateMesh, caller: Caller, id: number): Promise<UpdateRecord> {
  const known = await readUpdate(db, id);
  if (!known) throw new GatewayError("NOT_FOUND", `there is no update ${id}`);
  return db.transaction().execute(async (tx) => {
    await lockUpdates(tx, known.engineId);
    const { state, engine } = await written(tx, id);
    if (state === "PENDING") await changeUpdate(tx, id, { skipCanary: true });
    else if (state === "CANARY" || state === "HELD")
      await changeUpdate(tx, id, { state: "ROLLING", skipCanary: true, reason: null });
    else throw badInput("id", "this update waits for no canary");
    await audit(tx, caller, "skipCanary", engine, { update: String(id) });
    return written(tx, id);
  });
}

async function written(tx: Tx, id: number): Promise<UpdateRecord> {
  const update = await readUpdate(tx, id);
  if (!update) throw new GatewayError("NOT_FOUND", `there is no update ${id}`);
  return update;
}
