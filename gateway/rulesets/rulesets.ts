/** Rulesets as people see them, and what they do with them. */

import { RULESET_LIMITS } from "../../schema/rule-job.js";
import { enterBundle, prepareBundle, publishPrepared } from "../bundles/publish.js";
import type { Caller } from "../caller.js";
import { audit } from "../db/audit.js";
import { isBundleNeeded, lockBundles } from "../db/bundles.js";
import { readAtOnce, transact, type Tx } from "../db/database.js";
import { readBases } from "../db/engine-targets.js";
import { readOpenUpdates, type UpdateRecord } from "../db/engine-updates.js";
import { cancelRuleJobs, insertCheck, insertTry } from "../db/ruleset-jobs.js";
import { readRulesetFiles } from "../db/ruleset-content.js";
import {
  deleteRulesetVersion,
  findRulesetVersion,
  listRulesetVersions,
  noteRulesetBundle,
  type RulesetRecord,
  type RulesetVersionRecord,
} from "../db/rulesets.js";
import { badInput, GatewayError } from "../errors.js";
import type { ScanContext } from "../scan/context.js";
import { updateEngine } from "../updates/update-engines.js";

/** All rulesets by name. */
export async function readRulesets({ db }: Pick<ScanContext, "db">): Promise<RulesetRecord[]> {
  const { versions, bases, updates } = await readAtOnce(db, async (tx) => ({
    versions: await listRulesetVersions(tx),
    bases: await readBases(tx),
    updates: await readOpenUpdates(tx),
  }));
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

/** Ends what is under way with a version: its check, its try, or both. What came of samples so far stays. Throws NOT_FOUND, and BAD_INPUT if nothing is under way. */
export async function cancelRuleset(ctx: ScanContext, caller: Caller, id: number): Promise<RulesetVersionRecord> {
  return change(ctx, id, async (tx, version) => {
    const kinds = await cancelRuleJobs(tx, id);
    if (kinds.length === 0) throw badInput("id", `nothing is under way with ${nameOf(version)}`);
    await audit(tx, caller, "cancelRuleset", nameOf(version), { kinds });
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
  // With the update or not at all: the next update of all engines would begin what was refused here.
  return publishPrepared(ctx, {
    async prepare() {
      const version = await requireVersion(ctx.db, id);
      requireReady(version);
      return keptBundle(version) ? undefined : prepareVersion(ctx, caller, version);
    },
    async enter(tx, prepared) {
      // It may have been deleted meanwhile, with its files, or have been checked again.
      const version = await requireVersion(tx, id, { lock: true });
      requireReady(version);
      const digest = keptBundle(version)?.digest ?? (prepared && (await enterVersion(ctx, tx, id, prepared)));
      if (digest === undefined) return undefined;
      const { engine, engineId, name: set } = version;
      const order = { engines: [engine], set, digest, skipCanary };
      const [answer] = await updateEngine(ctx, tx, caller, { engineId, name: engine }, order);
      if (!answer || "refusal" in answer) throw badInput("id", answer?.message ?? `${engine} cannot be updated now`);
      await audit(tx, caller, "enableRuleset", nameOf(version), { update: String(answer.id) });
      return { version: await requireVersion(tx, id), update: answer };
    },
  });
}

function keptBundle({ bundles }: RulesetVersionRecord) {
  return bundles.find(({ isKept }) => isKept);
}

type Prepared = Awaited<ReturnType<typeof prepareVersion>>;

async function prepareVersion(ctx: ScanContext, caller: Caller, version: RulesetVersionRecord) {
  const { id, engineId, engine, internet, name: set, number, createdAt } = version;
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
}

/** Makes it the newest bundle of its set; the bundle's digest, or undefined if another one came between. */
async function enterVersion(
  ctx: ScanContext,
  tx: Tx,
  id: number,
  { publication, bundle }: Prepared,
): Promise<string | undefined> {
  const published = await enterBundle(ctx, tx, publication, bundle);
  if (published) await noteRulesetBundle(tx, Number(published.id), id);
  return published?.digest;
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
