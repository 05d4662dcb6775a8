import type { EngineRecord } from "../../schema/reports.js";
import { engineToken } from "../../schema/subjects.js";
import type { UpdateRefusal } from "../../schema/update-states.js";
import type { Caller } from "../caller.js";
import { audit } from "../db/audit.js";
import type { Tx } from "../db/database.js";
import { lockUpdates, readUpdate, type UpdateRecord } from "../db/engine-updates.js";
import { findBundle, readChoices, type UpdateChoice } from "../db/update-choice.js";
import { readUpdatePermission } from "../db/update-policies.js";
import { badInput, GatewayError } from "../errors.js";
import type { Fleet } from "../fleet/fleet.js";
import { findUpdatableHosts } from "./updatable-hosts.js";
import { askFetchers } from "./ask-fetchers.js";
import type { UpdateMesh } from "./context.js";
import { findEngines } from "./find-engines.js";
import { planUpdate } from "./plan-update.js";

/** A request to update engines. */
export interface UpdateOrder {
  /** Undefined: every engine of which there is a bundle. */
  readonly engines: readonly string[] | undefined;
  /** Undefined: every set of theirs. */
  readonly set: string | undefined;
  /** Undefined: the newest of each set. */
  readonly digest: string | undefined;
  readonly skipCanary: boolean;
}

/** A set that is not updated, with the reason. */
export interface RefusedSet {
  readonly engine: string;
  readonly set: string;
  readonly refusal: UpdateRefusal;
  readonly message: string;
}

/** What was begun, and what was not. */
export interface UpdateAnswer {
  readonly updates: readonly UpdateRecord[];
  readonly refused: readonly RefusedSet[];
  /** Engines whose sources a fetcher checks now. */
  readonly asked: readonly string[];
}

/**
 * Begins updates to the newest bundles, at once whatever the window; fetchers look for newer ones, too. Throws NOT_FOUND and BAD_INPUT.
 */
export async function updateEngines(mesh: UpdateMesh, caller: Caller, order: UpdateOrder): Promise<UpdateAnswer> {
  const engines = await findEngines(mesh.db, order.engines);
  const asked = await askFetchers(mesh, engines, order.set);
  const [updates, refused]: [UpdateRecord[], RefusedSet[]] = [[], []];
  for (const engine of engines) {
    const answers = await mesh.db.transaction().execute((tx) => updateEngine(mesh, tx, caller, engine, order));
    if (answers.length === 0 && order.engines !== undefined)
      refused.push(refusedOf(engine.name, order.set ?? "main", "NO_BUNDLE", noBundle(engine.name, asked)));
    for (const answer of answers) {
      if ("refusal" in answer) refused.push(answer);
      else updates.push(answer);
    }
  }
  return { updates, refused, asked };
}

/** Begins the updates of one engine, or says why not. Throws NOT_FOUND and BAD_INPUT. */
export async function updateEngine(
  { fleet }: Pick<UpdateMesh, "fleet">,
  tx: Tx,
  caller: Caller,
  engine: Named,
  order: UpdateOrder,
): Promise<(UpdateRecord | RefusedSet)[]> {
  await lockUpdates(tx, engine.engineId);
  const answers: (UpdateRecord | RefusedSet)[] = [];
  for (const choice of await findWanted(tx, engine, order)) {
    const answer = await planOne(fleet, tx, choice, order);
    if (!("refusal" in answer))
      await audit(tx, caller, "updateEngines", engine.name, { set: choice.set, update: String(answer.id) });
    answers.push(answer);
  }
  return answers;
}

type Named = Pick<EngineRecord, "engineId" | "name">;

async function findWanted(tx: Tx, { engineId, name }: Named, { set, digest }: UpdateOrder): Promise<UpdateChoice[]> {
  const newest = (await readChoices(tx, engineId)).filter((one) => set === undefined || one.set === set);
  if (digest === undefined) return newest;
  const bundle = await findBundle(tx, engineId, digest);
  if (!bundle) throw new GatewayError("NOT_FOUND", `there is no bundle ${digest} of ${name}`);
  if (bundle.isRemoved) throw badInput("bundle", "its files are gone");
  if (set !== undefined && set !== bundle.set) throw badInput("bundle", `is of the set ${bundle.set}`);
  const of = newest.find((one) => one.set === bundle.set);
  // A bundle that was rolled back may be tried again if it is asked for by name.
  return of ? [{ ...of, bundleId: bundle.id, wasRolledBack: false }] : [];
}

async function planOne(
  fleet: Fleet | undefined,
  tx: Tx,
  choice: UpdateChoice,
  { skipCanary }: UpdateOrder,
): Promise<UpdateRecord | RefusedSet> {
  const { engineId, engine, set, bundleId, baseId } = choice;
  const refuse = (refusal: UpdateRefusal, message: string) => refusedOf(engine, set, refusal, message);
  if (bundleId === baseId) return refuse("NEWEST_ALREADY", `${engine} is to serve this bundle of ${set} already.`);
  if (choice.wasRolledBack)
    return refuse(
      "ROLLED_BACK_BEFORE",
      `The newest bundle of ${engine} was rolled back before: name the bundle to try it again.`,
    );
  if ((await readUpdatePermission(tx, engineId, set)).isPaused)
    return refuse("PAUSED", `Updates of ${engine} are paused: resume them first.`);
  if (fleet && hasHosts(fleet, choice) && findUpdatableHosts(fleet, choice).size === 0)
    return refuse("NO_HOST", `${engine} is updated by its hosts: none of its agents takes bundles.`);
  const planned = await planUpdate(tx, { engineId, set, bundleId, cause: "ASKED", skipCanary });
  if ("underway" in planned)
    return refuse("UNDERWAY", `${engine} is being updated now: wait until that is done, or roll it back.`);
  const update = await readUpdate(tx, planned.id);
  if (!update) throw new TypeError(`update ${planned.id} is gone`);
  return update;
}

function hasHosts(fleet: Fleet, { engine }: UpdateChoice): boolean {
  return fleet.presences().some(({ engines }) => engines.some(({ name }) => engineToken(name) === engineToken(engine)));
}

function noBundle(engine: string, asked: readonly string[]): string {
  if (asked.includes(engine)) return `There is no bundle of ${engine} yet. A fetcher looks for one now.`;
  return `There is no bundle of ${engine}: publish one, or have a fetcher bring it.`;
}

function refusedOf(engine: string, set: string, refusal: UpdateRefusal, message: string): RefusedSet {
  return { engine, set, refusal, message };
}
