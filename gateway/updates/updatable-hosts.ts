import { internetClass } from "../../schema/classes.js";
import type { EnginesBundles } from "../../schema/bundle-presence.js";
import type { ServedBundles } from "../../schema/bundle.js";
import type { EnginePresence } from "../../schema/presence.js";
import { engineToken } from "../../schema/subjects.js";
import type { Fleet } from "../fleet/fleet.js";
import type { PresentAgent } from "../fleet/presence.js";

/** A host that is there and whose engine takes bundles. */
export interface AbleHost {
  readonly present: PresentAgent;
  readonly engine: EnginePresence;
  readonly bundles: EnginesBundles;
}

/** The hosts of an engine that take bundles, by agent. The others are updated by their host. */
export function findAbleHosts(
  fleet: Fleet,
  { engine: name, internet }: { readonly engine: string; readonly internet: boolean },
): Map<string, AbleHost> {
  const hosts = new Map<string, AbleHost>();
  for (const present of fleet.agents()) {
    if (present.class !== internetClass(internet)) continue;
    const engine = present.engines.find((one) => engineToken(one.name) === engineToken(name));
    if (engine?.bundles && engine.cause !== "REFUSED") hosts.set(present.agent, { present, engine, bundles: engine.bundles });
  }
  return hosts;
}

/** What an engine is to serve as far as it knows: one that was started anew goes on with what it served. */
export function targetTold({ target, serving }: EnginesBundles): ServedBundles {
  return target ?? serving;
}

/** Whether both are the same bundles, in whatever order. */
export function isSameTarget(one: ServedBundles, other: ServedBundles): boolean {
  return one.length === other.length && one.every(({ set, digest }) => other.some((o) => o.set === set && o.digest === digest));
}
