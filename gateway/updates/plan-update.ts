import type { UpdateCause } from "../../schema/update-states.js";
import type { Tx } from "../db/database.js";
import { holdBundle } from "../db/bundles.js";
import { readBase, setTargets } from "../db/engine-targets.js";
import { readUnderwayHosts, removeUpdateHosts } from "../db/engine-update-hosts.js";
import { changeUpdate, insertUpdate, readOpenUpdate, readOpenUpdates, type UpdateRecord } from "../db/engine-updates.js";
import { badInput } from "../errors.js";

/** An update that is wanted. */
export interface WantedUpdate {
  readonly engineId: number;
  readonly set: string;
  readonly bundleId: number | null;
  readonly cause: UpdateCause;
  readonly skipCanary: boolean;
}

/**
 * Enters an update in place of one that waits or is held; its id. One whose hosts are changing now is not replaced: it is returned
 * instead. Whoever calls it holds the engine's updates.
 */
export async function planUpdate(tx: Tx, wanted: WantedUpdate): Promise<{ id: number } | { underway: UpdateRecord }> {
  const { engineId, set, bundleId, cause, skipCanary } = wanted;
  const open = await readOpenUpdate(tx, engineId, set);
  if (open && (open.state === "CANARY" || open.state === "ROLLING")) return { underway: open };
  if (open) {
    await giveBack(tx, open);
    await changeUpdate(tx, open.id, { state: "CANCELLED", reason: "Another update took its place." });
  }
  if (bundleId !== null && !(await holdBundle(tx, bundleId))) throw badInput("bundle", "its files are gone");
  const fromBundle = await readBase(tx, engineId, set);
  return { id: await insertUpdate(tx, { engineId, set, fromBundle, toBundle: bundleId, cause, skipCanary }) };
}

/** A rollback does not wait for the canaries of other sets of its engine: they begin anew after it. */
export async function putOffCanaries(tx: Tx, { engineId, set }: UpdateRecord): Promise<void> {
  for (const other of await readOpenUpdates(tx)) {
    if (other.engineId !== engineId || other.set === set || other.state !== "CANARY") continue;
    await giveBack(tx, other);
    await removeUpdateHosts(tx, other.id);
    await changeUpdate(tx, other.id, { state: "PENDING", canary: null, canaryServes: false, evidence: null });
  }
}

/** Has the hosts that serve the new bundle of an update serve again what they served before. */
export async function giveBack(tx: Tx, update: UpdateRecord): Promise<void> {
  const hosts = await readUnderwayHosts(tx, update.id);
  const agents = hosts.filter(({ begunAt }) => begunAt !== null).map(({ agent }) => agent);
  await setTargets(tx, { ...update, agents, bundleId: update.fromBundle?.id ?? null });
}
