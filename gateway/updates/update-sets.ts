/** The sets of every engine and the progress of each host, as the page and the command show them. */

import { internetClass } from "../../schema/classes.js";
import type { EngineRecord } from "../../schema/reports.js";
import type { EnginePresence } from "../../schema/presence.js";
import { engineToken } from "../../schema/subjects.js";
import { readAtOnce, type Tx } from "../db/database.js";
import { readBases, readTargets, type TargetRecord } from "../db/engine-targets.js";
import { readUpdateHosts, type UpdateHostRecord } from "../db/engine-update-hosts.js";
import { readOpenUpdates, type NamedBundle, type UpdateRecord } from "../db/engine-updates.js";
import { readEngines } from "../db/engines.js";
import { DEFAULT_POLICY, readPolicies } from "../db/update-policies.js";
import { readLooks, readNamedBundles, readSets, type SetHostRecord, type UpdateSetRecord } from "../db/update-sets.js";
import type { Fleet } from "../fleet/fleet.js";
import type { UpdateContext } from "./context.js";

type Announced = { readonly agent: string; readonly engine: EnginePresence };

/** What all sets of one engine have in common. */
interface EngineParts {
  readonly announced: readonly Announced[];
  readonly targets: readonly TargetRecord[];
  readonly bundles: ReadonlyMap<string, NamedBundle>;
}

/** Every set of every engine of the catalogue. */
export async function readUpdateSets({
  db,
  fleet,
}: Pick<UpdateContext, "db"> & { fleet: Pick<Fleet, "agents"> }): Promise<UpdateSetRecord[]> {
  const announced = fleet
    .agents()
    .flatMap(({ agent, class: internet, engines: its }) =>
      its.filter((engine) => internetClass(engine.internet) === internet).map((engine) => ({ agent, engine })),
    );
  // An update that is over is not shown beside what was served before it.
  const { engines, sets, bases, targets, policies, looks, updates, named, rows } = await readAtOnce(db, (tx) =>
    readAll(tx, announced),
  );
  const bundles = new Map(named.map((bundle) => [bundle.digest, bundle]));
  return engines.flatMap((engine) => {
    const token = engineToken(engine.name);
    const parts: EngineParts = {
      announced: announced.filter((one) => engineToken(one.engine.name) === token && one.engine.internet === engine.internet),
      targets: targets.filter((one) => one.engine === token),
      bundles,
    };
    return setsOf(engine, sets).map((set): UpdateSetRecord => {
      const isIts = (one: { engineId: number; set: string }) => one.engineId === engine.engineId && one.set === set;
      const base = bases.find(isIts)?.bundleId;
      const update = updates.find(isIts) ?? null;
      return {
        engineId: engine.engineId,
        engine: engine.name,
        set,
        serves: named.find(({ id }) => id === base) ?? update?.fromBundle ?? null,
        newest: named.find((bundle) => bundle.isNewest && isIts(bundle)) ?? null,
        policy: policies.find(isIts) ?? { ...DEFAULT_POLICY, engineId: engine.engineId, set },
        check: looks.find(isIts) ?? null,
        update,
        hosts: hostsOf(
          set,
          parts,
          rows.filter(({ updateId }) => updateId === update?.id),
          update,
        ),
      };
    });
  });
}

async function readAll(tx: Tx, announced: readonly Announced[]) {
  const targets = await readTargets(tx);
  const updates = await readOpenUpdates(tx);
  const digests = announced.flatMap(({ engine }) => (engine.bundles?.serving ?? []).map(({ digest }) => digest));
  return {
    engines: await readEngines(tx),
    sets: await readSets(tx),
    bases: await readBases(tx),
    targets,
    policies: await readPolicies(tx),
    looks: await readLooks(tx),
    updates,
    named: await readNamedBundles(tx, [...digests, ...targets.map(({ digest }) => digest)]),
    rows: await readUpdateHosts(
      tx,
      updates.map(({ id }) => id),
    ),
  };
}

function setsOf({ engineId }: EngineRecord, known: readonly { engineId: number; set: string }[]): string[] {
  return [...new Set(["main", ...known.filter((one) => one.engineId === engineId).map(({ set }) => set)])];
}

function hostsOf(
  set: string,
  { announced, targets, bundles }: EngineParts,
  rows: readonly UpdateHostRecord[],
  update: UpdateRecord | null,
): SetHostRecord[] {
  const find = (served: readonly { set: string; digest: string }[] | undefined) =>
    bundles.get(served?.find((one) => one.set === set)?.digest ?? "") ?? null;
  const there = announced.map(({ agent, engine }): SetHostRecord => {
    const row = rows.find((one) => one.agent === agent);
    const its = engine.bundles;
    const target = find(targets.filter((one) => one.agent === agent));
    const serving = find(its?.serving);
    const isNext = row !== undefined && row.begunAt === null && update?.state !== "PENDING";
    const isOurs = target !== null || serving !== null || row?.begunAt !== undefined;
    const said = its && isOurs ? stateOf(its.state, target, serving) : "BY_HOST";
    return {
      agent,
      state: row !== undefined && row.begunAt !== null ? row.state : isNext ? "WAITING" : said,
      serving,
      target,
      signatureVersion: engine.versions.signatures,
      reason: row?.reason ?? its?.reason ?? null,
      bytes: its?.bytes ?? 0,
      total: its?.total ?? 0,
      since: row?.changedAt ?? (its?.since ? new Date(its.since) : null),
    };
  });
  const away = rows
    .filter(({ agent }) => !there.some((one) => one.agent === agent))
    .map((row): SetHostRecord => {
      const target = find(targets.filter((one) => one.agent === row.agent));
      const { agent, reason, bytes, total, changedAt } = row;
      return { agent, state: "GONE", serving: null, target, signatureVersion: null, reason, bytes, total, since: changedAt };
    });
  return [...there, ...away].toSorted((one, other) => (one.agent < other.agent ? -1 : 1));
}

function stateOf(
  said: NonNullable<EnginePresence["bundles"]>["state"],
  target: NamedBundle | null,
  serving: NamedBundle | null,
): SetHostRecord["state"] {
  return said === "SERVING" && target?.digest !== serving?.digest ? "WAITING" : said;
}
