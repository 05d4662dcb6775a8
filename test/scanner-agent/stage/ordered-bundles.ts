/** Bundles on a stage's bus, and orders to serve them. */

import type { SwitchWay } from "../../../schema/bundle-presence.js";
import type { ServedBundles } from "../../../schema/bundle.js";
import { encodeMessage } from "../../../schema/messages.js";
import type { EnginePresence } from "../../../schema/presence.js";
import { controlSubject } from "../../../schema/subjects.js";
import { storedBundles, type Content } from "../bundles/stored-bundles.js";
import { until, type BusStage } from "./bus-stage.js";

type Told = NonNullable<EnginePresence["bundles"]>;

/** Stores a bundle as gateways do; its set and digest. */
export async function publishBundle({ nc }: BusStage, content: Content): Promise<{ set: string; digest: string }> {
  const stored = storedBundles();
  const bundle = stored.add(content);
  for (const [chunk, bytes] of stored.chunks) await nc.jetstream().publish(`bundle.${chunk}`, bytes);
  return bundle;
}

/** What an agent is told, once. */
export function orderBundles(
  stage: BusStage,
  agent: string,
  engine: string,
  bundles: ServedBundles,
  way: SwitchWay = "AUTO",
): void {
  stage.nc.publish(controlSubject(agent), encodeMessage({ v: 1, kind: "serve", engine, bundles, switch: way }));
}

/** Waits until the agent says of an engine's bundles that they are in this state. */
export function untilBundles(
  stage: BusStage,
  agent: string,
  engine: string,
  wanted: { readonly state: Told["state"]; readonly serving?: ServedBundles },
): Promise<EnginePresence & { readonly bundles: Told }> {
  return until(`${engine} is ${wanted.state}`, async () => {
    const found = (await stage.presence(agent))?.engines.find(({ name }) => name === engine);
    const told = found?.bundles;
    if (found === undefined || told?.state !== wanted.state) return undefined;
    const isServed = wanted.serving === undefined || JSON.stringify(told.serving) === JSON.stringify(wanted.serving);
    return isServed && { ...found, bundles: told };
  });
}
