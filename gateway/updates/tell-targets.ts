import { engineToken } from "../../schema/subjects.js";
import { insertBases, readBases, readSwitchWays, readTargets, targetsOf, type BaseRecord } from "../db/engine-targets.js";
import type { UpdateContext } from "./context.js";
import { isSameTarget, toldTarget } from "./updatable-hosts.js";

/**
 * Tells agents whose presence shows a target that is not the one in Postgres: it was changed, a message was lost, or the agent is new. A
 * new host of an engine gets the bundle that the engine serves elsewhere.
 */
export async function tellTargets({ db, bus, fleet }: Pick<UpdateContext, "db" | "bus" | "fleet">): Promise<void> {
  const updatable = fleet.presences().flatMap(({ agent, class: internet, engines }) =>
    engines.flatMap(({ name, bundles }) => {
      const token = engineToken(name);
      return bundles && fleet.classOf(token) === internet ? [{ agent, internet, name, token, target: toldTarget(bundles) }] : [];
    }),
  );
  if (updatable.length === 0) return;
  let targets = await readTargets(db);
  const missing = missingBases(updatable, targets, await readBases(db));
  if (missing.length > 0) {
    await insertBases(db, missing);
    targets = await readTargets(db);
  }
  const stale = updatable.filter(({ agent, token, target }) => !isSameTarget(target, targetsOf(targets, token, agent)));
  if (stale.length === 0) return;
  const ways = await readSwitchWays(db);
  for (const { agent, internet, name, token } of stale) {
    const bundles = targetsOf(targets, token, agent);
    const way = ways.get(token) ?? "AUTO";
    bus.account(internet).sendControl(agent, { v: 1, kind: "serve", engine: name, bundles, switch: way });
  }
}

function missingBases(
  updatable: readonly { agent: string; token: string }[],
  targets: readonly { engine: string; agent: string; set: string }[],
  bases: readonly BaseRecord[],
): (BaseRecord & { agent: string })[] {
  const held = new Set(targets.map(({ engine, agent, set }) => `${engine} ${agent} ${set}`));
  return updatable.flatMap(({ agent, token }) =>
    bases
      .filter(({ engine, set }) => engine === token && !held.has(`${token} ${agent} ${set}`))
      .map((base) => ({ ...base, agent })),
  );
}
