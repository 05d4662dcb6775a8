/**
 * `npm run agent -- doctor`: starts and tests every engine as an agent would, without a mesh, and reports on each, on the host, and on
 * whether the mesh that the host has joined lets it in.
 */

import type { Logger } from "pino";
import type { EnginePresence } from "../../schema/presence.js";
import { recallBundles } from "../work/open-bundles.js";
import type { Provision } from "../bundles/provision.js";
import type { AgentConfig } from "../config.js";
import { Unavailable } from "../contract.js";
import { readMeshIdentity } from "../bus/mesh-identity.js";
import { createInspector, type Inspector } from "../inspect/inspector.js";
import { readReport, type InspectorFindings } from "./doctor-report.js";
import { endInTurn } from "../work/end-in-turn.js";
import { createEngine } from "../engine/engine.js";
import { listEngines, createParts } from "../engine/engine-set.js";
import { engineToken } from "../../schema/subjects.js";
import { hasStaleSignatures } from "../../schema/stale.js";
import { ownVersion } from "../../schema/version.js";
import { createStartContained } from "../runners/container/contained-node.js";
import { explainBubblewrap } from "../runners/process/find-fence.js";
import { describeFetcher } from "../fetcher/describe-fetcher.js";
import { createContainerHost } from "../runners/container/host.js";
import { readIdentity } from "../join/identity.js";
import { checkHost, checkMembership, hostNeeds } from "../join/preflight.js";
import { createSelfTest } from "../engine/self-test.js";
import { openSpool } from "../samples/spool.js";
import { watchSpoolOrphans } from "../samples/spool-orphans.js";

const STALE = "its signatures are older than its manifest allows (`staleAfter`), so its results are marked as stale: update them";
const SUFFIX = "-doctor";

/** The report, and whether every engine that is on is healthy. */
export interface Diagnosis {
  readonly report: string;
  readonly healthy: boolean;
}

/** Examines this host. Throws if its settings or its engines file cannot be read. */
export async function examine(config: AgentConfig, log: Logger): Promise<Diagnosis> {
  const { engines, mistakes } = await listEngines(config);
  const bundles = await recallBundles(config, log);
  const { examined, inspector, fence } = await examineEach(
    engines.filter(({ off }) => off === null),
    bundles.provisions,
    asDoctor(config),
    log,
  );
  const joined = await readIdentity(config.identityFolder);
  const problems = [...(await checkHost(await hostNeeds(config))), ...(joined ? await checkMembership(joined) : [])];
  const presences = examined.map(({ presence }) => presence);
  const ofEngines = examined.flatMap(({ presence, warnings: all }) =>
    [...all, ...(hasStaleSignatures(presence) ? [STALE] : [])].map((warning) => `${presence.name}: ${warning}`),
  );
  const warnings = [...ofEngines, ...bundles.problems, ...(fence === undefined ? [] : [fence])];
  const report = readReport({
    presences,
    inspector,
    samples: { memory: config.sampleMemory, folder: config.spool },
    bundles: bundles.lines,
    fetching: await describeFetcher(
      engines.map(({ manifest }) => manifest),
      config,
    ),
    problems,
    warnings,
    off: engines.filter(({ off }) => off !== null),
    mistakes,
    enginesFile: config.enginesFile,
  });
  const isWell =
    inspector.reason === null &&
    [...mistakes, ...warnings, ...problems].length === 0 &&
    presences.every(({ healthy }) => healthy);
  return { report, healthy: isWell };
}

/** A spool and containers of its own: an agent may be running on this host. */
function asDoctor(config: AgentConfig): AgentConfig {
  return { ...config, agent: config.agent.slice(0, 64 - SUFFIX.length) + SUFFIX, spool: config.spool + SUFFIX };
}

async function examineEach(
  chosen: Awaited<ReturnType<typeof listEngines>>["engines"],
  provisions: ReadonlyMap<string, Provision>,
  config: AgentConfig,
  log: Logger,
): Promise<{
  examined: { presence: EnginePresence; warnings: readonly string[] }[];
  inspector: InspectorFindings;
  fence: string | undefined;
}> {
  const spool = await openSpool(config.spool);
  const orphans = watchSpoolOrphans(spool.folder, log);
  const containers = createContainerHost({
    ...config,
    mesh: await readMeshIdentity(config),
    folder: await spool.make("containers"),
    log,
  });
  const host = { folder: await spool.make("run"), containers, version: ownVersion(), log };
  const selfTest = await createSelfTest(spool);
  const inspector = createInspector({
    folder: await spool.make("inspect"),
    programPath: config.programPath,
    startContained: createStartContained(containers, log),
    opens: chosen.map(({ manifest }) => manifest.opens),
    log,
  });
  const partsOf = (one: (typeof chosen)[number]) => {
    const parts = createParts(one, config, host);
    const provision = provisions.get(engineToken(one.manifest.name));
    return provision === undefined ? parts : (parts.remake?.(provision, false) ?? parts);
  };
  const engines = chosen.map((one) =>
    createEngine(partsOf(one), { selfTest, retestMs: config.retestMs, log, onChange: () => undefined }),
  );
  try {
    await Promise.all(engines.map((engine) => engine.start()));
    const examined = engines.map((engine) => {
      const presence = engine.presence();
      return { presence: engine.hasStarted() ? presence : { ...presence, runner: "-" }, warnings: engine.warnings() };
    });
    const fence = await explainBubblewrap({ internet: false, folder: host.folder, programPath: config.programPath });
    return { examined, inspector: await examineInspector(inspector), fence };
  } finally {
    await endInTurn(log, [
      () => inspector.stop(),
      () => Promise.all(engines.map((engine) => engine.stop())),
      () => containers.stop(),
      () => orphans.stop(),
      () => spool.remove(),
    ]);
  }
}

async function examineInspector(inspector: Inspector): Promise<InspectorFindings> {
  const { version } = inspector;
  try {
    return { version, fence: await inspector.check(), reason: null };
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    return { version, fence: null, reason: error.message };
  }
}
