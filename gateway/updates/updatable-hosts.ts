import { internetClass } from "../../schema/classes.js";
import type { EnginesBundles } from "../../schema/bundle-presence.js";
import type { ServedBundles } from "../../schema/bundle.js";
import type { EnginePresence } from "../../schema/presence.js";
import { engineToken } from "../../schema/subjects.js";
import type { Fleet } from "../fleet/fleet.js";
import type { PresentAgent } from "../fleet/presence.js";

/** A host that is present and whose engine takes bundles. */
export interface UpdatableHost {
  readonly present: PresentAgent;
  readonly engine: EnginePresence;
  readonly bundles: EnginesBundles;
}

/** The hosts whose engine takes bundles, by agent. On other hosts people update the engine themselves. */
export function findUpdatableHosts(
  fleet: Fleet,
  { engine: name, internet }: { readonly engine: string; readonly internet: boolean },
): Map<string, UpdatableHost> {
  const hosts = new Map<string, UpdatableHost>();
  for (const present of fleet.agents()) {
    if (present.class !== internetClass(internet)) continue;
    const engine = present.engines.find((one) => engineToken(one.name) === engineToken(name));
    if (engine?.bundles && engine.cause !== "REFUSED") hosts.set(present.agent, { present, engine, bundles: engine.bundles });
  }
  return hosts;
}

/** The bundles that an engine was last told to serve. After a restart it has no order yet, and serves what it served before. */
export function toldTarget({ target, serving }: EnginesBundles): ServedBundles {
  return target ?? serving;
}

/** Whether both are the same bundles, in whatever order. */
export function isSameTarget(one: ServedBundles, other: ServedBundles): boolean {
  return one.length === other.length && one.every(({ set, digest }) => other.some((o) => o.set === set && o.digest === digest));
}
