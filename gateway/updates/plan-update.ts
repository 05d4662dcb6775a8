import type { UpdateCause } from "../../schema/update-states.js";
import type { Tx } from "../db/database.js";
import { holdBundle } from "../db/bundles.js";
import { readBase, setTargets } from "../db/engine-targets.js";
import { readUnderwayHosts, removeUpdateHosts } from "../db/engine-update-hosts.js";
import { changeUpdate, insertUpdate, readOpenUpdate, readOpenUpdates, type UpdateRecord } from "../db/engine-updates.js";
import { badInput } from "../errors.js";

/** An update to be entered. */
export interface WantedUpdate {
  readonly engineId: number;
  readonly set: string;
  readonly bundleId: number | null;
  readonly cause: UpdateCause;
  readonly skipCanary: boolean;
}

/**
 * Enters an update and returns its id. It replaces an update that waits or is held. An update whose hosts are changing is not replaced, but
 * returned as `underway`. The caller must hold the lock of the engine's updates.
 */
export async function planUpdate(tx: Tx, wanted: WantedUpdate): Promise<{ id: number } | { underway: UpdateRecord }> {
  const { engineId, set, bundleId, cause, skipCanary } = wanted;
  const open = await readOpenUpdate(tx, engineId, set);
  if (open && (open.state === "CANARY" || open.state === "ROLLING")) return { underway: open };
  if (open) {
    await restoreTargets(tx, open);
    await changeUpdate(tx, open.id, { state: "CANCELLED", reason: "Another update took its place." });
  }
  if (bundleId !== null && !(await holdBundle(tx, bundleId))) throw badInput("bundle", "its files are gone");
  const fromBundle = await readBase(tx, engineId, set);
  return { id: await insertUpdate(tx, { engineId, set, fromBundle, toBundle: bundleId, cause, skipCanary }) };
}

/** Puts the canaries of the engine's other sets back to the start, so that a rollback need not wait for them. */
export async function restartCanaries(tx: Tx, { engineId, set }: UpdateRecord): Promise<void> {
  for (const other of await readOpenUpdates(tx)) {
    if (other.engineId !== engineId || other.set === set || other.state !== "CANARY") continue;
    await restoreTargets(tx, other);
    await removeUpdateHosts(tx, other.id);
    await changeUpdate(tx, other.id, { state: "PENDING", canary: null, canaryServes: false, evidence: null });
  }
}

/** Gives the hosts that an update has changed their previous bundle as target again. */
export async function restoreTargets(tx: Tx, update: UpdateRecord): Promise<void> {
  const hosts = await readUnderwayHosts(tx, update.id);
  const agents = hosts.filter(({ begunAt }) => begunAt !== null).map(({ agent }) => agent);
  await setTargets(tx, { ...update, agents, bundleId: update.fromBundle?.id ?? null });
}
