import { engineToken } from "../../schema/subjects.js";
import { insertBases, readBases, readSwitchWays, readTargets, targetsOf, type BaseRecord } from "../db/engine-targets.js";
import type { UpdateContext } from "./context.js";
import { isSameTarget, targetTold } from "./able-hosts.js";

/**
 * Tells engines whose presence shows another target than they have: it was changed, a message was lost, or the agent is new. A new host
 * of an engine gets what the engine serves elsewhere.
 */
export async function tellTargets({ db, bus, fleet }: Pick<UpdateContext, "db" | "bus" | "fleet">): Promise<void> {
  const able = fleet.presences().flatMap(({ agent, class: internet, engines }) =>
    engines.flatMap(({ name, bundles }) => {
      const token = engineToken(name);
      return bundles && fleet.classOf(token) === internet ? [{ agent, internet, name, token, target: targetTold(bundles) }] : [];
    }),
  );
  if (able.length === 0) return;
  let targets = await readTargets(db);
  const missing = missingBases(able, targets, await readBases(db));
  if (missing.length > 0) {
    await insertBases(db, missing);
    targets = await readTargets(db);
  }
  const stale = able.filter(({ agent, token, target }) => !isSameTarget(target, targetsOf(targets, token, agent)));
  if (stale.length === 0) return;
  const ways = await readSwitchWays(db);
  for (const { agent, internet, name, token } of stale) {
    const bundles = targetsOf(targets, token, agent);
    const way = ways.get(token) ?? "AUTO";
    bus.account(internet).sendControl(agent, { v: 1, kind: "serve", engine: name, bundles, switch: way });
  }
}

function missingBases(
  able: readonly { agent: string; token: string }[],
  targets: readonly { engine: string; agent: string; set: string }[],
  bases: readonly BaseRecord[],
): (BaseRecord & { agent: string })[] {
  const held = new Set(targets.map(({ engine, agent, set }) => `${engine} ${agent} ${set}`));
  return able.flatMap(({ agent, token }) =>
    bases
      .filter(({ engine, set }) => engine === token && !held.has(`${token} ${agent} ${set}`))
      .map((base) => ({ ...base, agent })),
  );
}
