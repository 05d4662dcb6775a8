/** Rulesets as people see them, and what they do with them. */

import { RULESET_LIMITS } from "../../schema/rule-job.js";
import { enterBundle, prepareBundle, publishPrepared } from "../bundles/publish.js";
import { removeBundle } from "../bundles/remove.js";
import type { Caller } from "../caller.js";
import { audit } from "../db/audit.js";
import { isBundleNeeded, lockBundles } from "../db/bundles.js";
import { transact, type Tx } from "../db/database.js";
import { readBases } from "../db/engine-targets.js";
import { readOpenUpdates, type UpdateRecord } from "../db/engine-updates.js";
import { cancelRuleJob, insertCheck, insertTry } from "../db/ruleset-jobs.js";
import {
  deleteRulesetVersion,
  findRulesetVersion,
  listRulesetVersions,
  noteRulesetBundle,
  readRulesetFiles,
  type RulesetRecord,
  type RulesetVersionRecord,
} from "../db/rulesets.js";
import { badInput, GatewayError } from "../errors.js";
import type { ScanContext } from "../scan/context.js";
import { updateEngines } from "../updates/update-engines.js";

/** All rulesets by name. */
export async function readRulesets({ db }: Pick<ScanContext, "db">): Promise<RulesetRecord[]> {
  const [versions, bases, updates] = await Promise.all([listRulesetVersions(db), readBases(db), readOpenUpdates(db)]);
  const groups = new Map<string, RulesetVersionRecord[]>();
  for (const version of versions) {
    const key = `${version.engine} ${version.name}`;
    groups.set(key, [...(groups.get(key) ?? []), version]);
  }
  return [...groups.values()]
    .flatMap((its): RulesetRecord[] => {
      const [first] = its;
      if (first === undefined) return [];
      const { engine, engineId, name } = first;
      const base = bases.find((one) => one.engineId === engineId && one.set === name)?.bundleId;
      const served = its.find(({ bundles }) => bundles.some(({ id }) => id === base));
      const update = updates.find((one) => one.engineId === engineId && one.set === name) ?? null;
      return [{ engine, name, serves: served?.number ?? null, update, versions: its }];
    })
    .toSorted((a, b) => (a.name === b.name ? (a.engine < b.engine ? -1 : 1) : a.name < b.name ? -1 : 1));
}

/** Tries a version against the newest stored samples. Throws NOT_FOUND and BAD_INPUT. */
export async function tryRuleset(ctx: ScanContext, caller: Caller, id: number, last: number): Promise<RulesetVersionRecord> {
  if (!Number.isInteger(last) || last < 1 || last > RULESET_LIMITS.samples)
    throw badInput("last", `needs a number from 1 to ${RULESET_LIMITS.samples}`);
  return change(ctx, id, async (tx, version) => {
    requireReady(version);
    if (version.tried && version.tried.endedAt === null)
      throw badInput("id", `${nameOf(version)} is being tried now: wait for that, or cancel it`);
    if ((await insertTry(tx, id, last)) === undefined) throw badInput("id", "there is no stored sample to try it against");
    await audit(tx, caller, "tryRuleset", nameOf(version), { last });
  });
}

/** Ends the try of a version, or its check. What came of samples so far stays. Throws NOT_FOUND, and BAD_INPUT if nothing is under way. */
export async function cancelRuleset(ctx: ScanContext, caller: Caller, id: number): Promise<RulesetVersionRecord> {
  return change(ctx, id, async (tx, version) => {
    const kind = version.state === "CHECKING" ? "CHECK" : "TRY";
    if (!(await cancelRuleJob(tx, id, kind))) throw badInput("id", `nothing is under way with ${nameOf(version)}`);
    await audit(tx, caller, "cancelRuleset", nameOf(version), { kind });
  });
}

/** Has a version checked once more, e.g. after its check has failed. Throws NOT_FOUND and BAD_INPUT. */
export async function checkRuleset(ctx: ScanContext, caller: Caller, id: number): Promise<RulesetVersionRecord> {
  return change(ctx, id, async (tx, version) => {
    requireFilesOf(version);
    if (version.check && version.check.endedAt === null) throw badInput("id", `${nameOf(version)} is being checked now`);
    await insertCheck(tx, id);
    await audit(tx, caller, "checkRuleset", nameOf(version));
  });
}

/** Forgets a version that no host serves. Throws NOT_FOUND and BAD_INPUT. */
export async function deleteRuleset(ctx: ScanContext, caller: Caller, id: number): Promise<RulesetVersionRecord> {
  return transact(ctx.db, async (tx) => {
    await lockBundles(tx);
    const version = await requireVersion(tx, id);
    for (const bundle of version.bundles)
      if (await isBundleNeeded(tx, bundle.id))
        throw badInput("id", `hosts serve ${nameOf(version)}, or are to: enable another version, or roll it back first`);
    await deleteRulesetVersion(tx, id);
    await audit(tx, caller, "deleteRuleset", nameOf(version));
    return version;
  });
}

/** Has all hosts serve a version, one first and then the others. Throws NOT_FOUND, and BAD_INPUT with the reason if it does not begin. */
export async function enableRuleset(
  ctx: ScanContext,
  caller: Caller,
  id: number,
  skipCanary: boolean,
): Promise<{ version: RulesetVersionRecord; update: UpdateRecord }> {
  const version = await requireVersion(ctx.db, id);
  requireReady(version);
  const kept = version.bundles.find(({ isKept }) => isKept);
  const bundle = kept ?? (await publishVersion(ctx, caller, id));
  const { engine, name: set } = version;
  const { updates, refused } = await updateEngines(ctx, caller, { engines: [engine], set, digest: bundle.digest, skipCanary });
  const [update] = updates;
  if (update) {
    await audit(ctx.db, caller, "enableRuleset", nameOf(version), { update: String(update.id) });
    return { version: await requireVersion(ctx.db, id), update };
  }
  // It would be begun with the next update of all engines, although this one is refused.
  if (!kept && !bundle.isKept) await removeBundle(ctx, caller, bundle.id);
  throw badInput("id", refused[0]?.message ?? `${engine} cannot be updated now`);
}

/** `isKept`: whether the bundle was there before. */
async function publishVersion(
  ctx: ScanContext,
  caller: Caller,
  id: number,
): Promise<{ id: number; digest: string; isKept: boolean }> {
  return publishPrepared(ctx, {
    async prepare() {
      const { engineId, engine, internet, name: set, number, createdAt } = await requireVersion(ctx.db, id);
      // All sets of an engine lie in one folder on its hosts.
      const files = (await readRulesetFiles(ctx.db, id)).map((file) => ({ ...file, path: `${set}/${file.path}` }));
      const by = caller.key === null ? "" : `, enabled by ${caller.key.name}`;
      const source = `version ${number} of a ruleset${by}`;
      const place = { engineId, engine, internet, set, keyId: caller.key?.id ?? null, job: null, source };
      const content = {
        kind: "FILES" as const,
        version: `v${number}`,
        date: createdAt.toISOString(),
        files,
        image: null,
        positive: null,
      };
      const publication = { caller, place, content: { ...content, force: true } };
      return { publication, bundle: await prepareBundle(ctx, publication) };
    },
    async enter(tx, { publication, bundle }) {
      // It may have been deleted meanwhile, with its files.
      requireFilesOf(await requireVersion(tx, id));
      const published = await enterBundle(ctx, tx, publication, bundle);
      if (!published) return undefined;
      await noteRulesetBundle(tx, Number(published.id), id);
      return { id: Number(published.id), digest: published.digest, isKept: published.known };
    },
  });
}

async function change(
  ctx: ScanContext,
  id: number,
  verb: (tx: Tx, version: RulesetVersionRecord) => Promise<void>,
): Promise<RulesetVersionRecord> {
  return transact(ctx.db, async (tx) => {
    await verb(tx, await requireVersion(tx, id, { lock: true }));
    return requireVersion(tx, id);
  });
}

/** Throws NOT_FOUND. */
export async function requireVersion(db: Tx | ScanContext["db"], id: number, options = {}): Promise<RulesetVersionRecord> {
  const version = await findRulesetVersion(db, id, options);
  if (!version) throw new GatewayError("NOT_FOUND", `there is no version ${id} of a ruleset`);
  return version;
}

function requireReady(version: RulesetVersionRecord): void {
  requireFilesOf(version);
  if (version.state === "CHECKING") throw badInput("id", `${nameOf(version)} is not checked yet${waitsFor(version)}`);
  if (version.state === "INVALID") throw badInput("id", `${nameOf(version)} has mistakes: send it again without them`);
}

function waitsFor({ check }: RulesetVersionRecord): string {
  return check?.reason ? `: ${check.reason}` : "";
}

function requireFilesOf(version: RulesetVersionRecord): void {
  if (version.removedAt !== null) throw badInput("id", `the files of ${nameOf(version)} are gone: send it again`);
}

function nameOf({ engine, name, number }: RulesetVersionRecord): string {
  return `${engine} ${name} ${number}`;
}
