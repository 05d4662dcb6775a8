import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import type { SwitchWay } from "../../../schema/bundle-presence.js";
import type { ServedBundles } from "../../../schema/bundle.js";
import { agentsOnBus, requestOf } from "./agent-stage.js";
import { until, type BusStage } from "./bus-stage.js";
import { orderBundles, publishBundle, untilBundles } from "./ordered-bundles.js";
import type { Taker } from "./taker.js";

/** Agents of one file's tests whose engines take bundles, on a bus and with a folder of bundles for each test. */
export function takersOnBus(tell: (given: { readonly stage: BusStage; readonly folder: string }) => void) {
  let stage: BusStage;
  let folder: string;
  const start = agentsOnBus((one) => (stage = one));
  const stops: (() => Promise<void>)[] = [];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "scanmesh-test-serve-"));
    tell({ stage, folder });
  });
  afterEach(async () => {
    await Promise.all(stops.splice(0).map((stop) => stop()));
    await rm(folder, { recursive: true, force: true });
  });

  return {
    /** A bundle with one file. */
    async bundle(name: string, file: string): Promise<ServedBundles> {
      return [await publishBundle(stage, { engine: name, files: { [file]: `content of ${file}` } })];
    },
    /** Starts an agent with an engine; where there are others, none that does not start holds it up. */
    async agentWith(
      { parts, name }: Taker,
      freeMemory = () => Infinity,
      env: Record<string, string> = {},
      others: readonly Taker[] = [],
    ) {
      const own = { SCANMESH_BUNDLES: folder, SCANMESH_UPDATE_TEST: "1ms", ...env };
      const all = [parts, ...others.map((other) => other.parts)];
      const { agent, config, stop } = await start(all, own, { freeMemory, ...(others.length > 0 ? { testsMs: 1 } : {}) });
      stops.push(stop);
      const id = config.agent;
      const order = (bundles: ServedBundles, way: SwitchWay = "AUTO") => orderBundles(stage, id, name, bundles, way);
      const reach = (state: Parameters<typeof untilBundles>[3]["state"], serving?: ServedBundles) =>
        untilBundles(stage, id, name, { state, ...(serving === undefined ? {} : { serving }) });
      /** Resolves once a scan is queued. */
      const queue = async () => {
        const request = requestOf(await stage.store(Buffer.from("x")), [name]);
        await stage.request(parts.manifest, request);
        return { answer: () => stage.answer(name, request.scan) };
      };
      const scan = async () => (await queue()).answer();
      return { agent, id, order, reach, queue, scan, stop };
    },
    /** Waits until an engine waits because of this. */
    untilReason(agent: string, engine: string, reason: string) {
      const waits = () => untilBundles(stage, agent, engine, { state: "WAITING" });
      return until(reason, async () => (await waits()).bundles.reason === reason);
    },
  };
}
