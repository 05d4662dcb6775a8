/** A mesh of fake hosts for each test, in a database of the file, and what tests of updates do with it. */

import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import { openCaller } from "../../../gateway/caller.js";
import type { Database } from "../../../gateway/db/database.js";
import { listUpdates, OPEN_STATES, type UpdateRecord } from "../../../gateway/db/engine-updates.js";
import { updateEngines } from "../../../gateway/updates/update-engines.js";
import { openTestDatabase } from "../../stage/database.js";
import { createFakeMesh, type FakeMesh } from "./fake-hosts.js";

export const TESTER = openCaller("127.0.0.1", "test");
export let db: Database;
export let mesh: FakeMesh;
let close: () => Promise<void>;

/** For the tests of the file that calls it. */
export function useUpdates(): void {
  beforeAll(async () => void ({ db, close } = await openTestDatabase()));
  afterAll(() => close());
  beforeEach(async () => void (mesh = await createFakeMesh(db)));
  // The next test's sweeps have nothing to do with this one's updates.
  afterEach(async () => {
    await db.updateTable("engine_updates").set({ state: "CANCELLED" }).where("state", "in", OPEN_STATES).execute();
  });
}

export async function last(): Promise<UpdateRecord> {
  const [update] = await listUpdates(db, { engine: mesh.engine }, { limit: 1 });
  if (!update) throw new Error("there is no update");
  return update;
}

export const start = (options: { skipCanary?: boolean; digest?: string } = {}) =>
  updateEngines(mesh.context, TESTER, {
    engines: [mesh.engine],
    set: undefined,
    digest: options.digest,
    skipCanary: options.skipCanary ?? false,
  });

export const hosts = (n: number) => Array.from({ length: n }, (_, i) => mesh.add(`h${i + 1}`));
export const names = (n: number) => Array.from({ length: n }, (_, i) => `h${i + 1}`);

/** Has the mesh serve a first bundle. */
export async function served(count: number): Promise<string> {
  hosts(count);
  const digest = await mesh.publish();
  await start({ skipCanary: true });
  await mesh.sweep(8);
  expect((await last()).state).toBe("DONE");
  return digest;
}

/** Lets the canary be good enough: its time is over. */
export async function endCanary(): Promise<void> {
  await db
    .updateTable("engine_updates")
    .set({ canary_since: new Date(Date.now() - 7_200_000) })
    .where("engine_id", "=", mesh.engineId)
    .where("canary_since", "is not", null)
    .execute();
}

export async function age(column: "gone_since" | "unwell_since" | "changed_at"): Promise<void> {
  const { id } = await last();
  await db
    .updateTable("engine_update_hosts")
    .set({ [column]: new Date(Date.now() - 7_200_000) })
    .where("update_id", "=", id)
    .where(column, "is not", null)
    .execute();
}
