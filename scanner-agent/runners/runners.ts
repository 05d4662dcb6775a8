import type { Logger } from "pino";
import { projectPath } from "../../schema/paths.js";
import type { ContainerRun } from "../../schema/container-run.js";
import type { Provision } from "../bundles/provision.js";
import type { Runner } from "../contract.js";
import type { LoadedManifest, Way } from "../manifest/engine-loader.js";
import { createBuiltinRunner } from "./builtin/builtin.js";
import { DEFAULT_SIGNATURES } from "./clamd/database.js";
import { createClamdRunner } from "./clamd/clamd.js";
import { createStartContained } from "./container/contained-node.js";
import { createContainerRunner } from "./container/container.js";
import type { ContainerHost } from "./container/host.js";
import { findDaemonFence, findFence } from "./process/find-fence.js";
import { createProcessRunner } from "./process/process.js";
import { stateOfTools } from "./builtin/fileinfo-tools.js";
import { stateOfRules } from "./builtin/rule-files.js";

/** What runners need to know of their host. */
export interface RunnerHost {
  /** A private folder that is there. */
  readonly folder: string;
  /** The Docker host. */
  readonly containers: ContainerHost;
  readonly clamavDb: string | undefined;
  /** Where the engines' secrets are, a file each. */
  readonly secretsFolder: string;
  readonly yaraRules: string | undefined;
  readonly programPath: string;
  /** The agent's version: that of the engines that are part of it. */
  readonly version: string;
  /** What bundles give the engine; null: what this host has. */
  readonly provision?: Provision | null;
  /** Another one of the engine may be running here. */
  readonly beside?: boolean;
  readonly log: Logger;
}

/** The runners of an engine, in the order of its manifest's ways. */
export function createRunners(loaded: LoadedManifest, slots: number, host: RunnerHost): Runner[] {
  const ways = loaded.ways.filter((way) => way === "container" || !host.provision?.image);
  const runners = ways.map((way) => WAYS[way](loaded, slots, host)).filter((runner) => runner !== undefined);
  const { provision } = host;
  return provision ? runners.map((runner) => withBundles(runner, provision)) : runners;
}

/** Results name the bundles that answered. */
function withBundles(runner: Runner, { bundles }: Provision): Runner {
  const { limits = {} } = runner.setup ?? {};
  return Object.assign(runner, { setup: { updatedBy: "MESH" as const, limits, bundles } });
}

const WAYS: Readonly<Record<Way, (loaded: LoadedManifest, slots: number, host: RunnerHost) => Runner | undefined>> = {
  builtin: ({ manifest }, _, host) =>
    manifest.run.builtin === undefined ? undefined : builtin(manifest.run.builtin.module, manifest.internet, host),
  process: ({ manifest }, slots, host) => {
    const { process: program } = manifest.run;
    const { folder, programPath, clamavDb, provision, beside, log } = host;
    if (program?.service === "clamd") {
      const fence = () => findDaemonFence({ folder, programPath });
      return createClamdRunner({
        database: provision?.folder ?? clamavDb,
        databaseState: stateOf(provision),
        beside,
        slots,
        timeoutMs: manifest.timeout,
        programPath,
        // Each engine has its own: the daemon of another engine is not left over.
        owner: `${folder}/${manifest.name}`,
        log,
        fence,
      });
    }
    const { command, version, uses, limits } = program ?? {};
    const detect = program?.detect ?? command?.[0];
    if (command === undefined || detect === undefined) return undefined;
    const fence = () => findFence({ internet: manifest.internet, folder, programPath });
    return createProcessRunner({
      command,
      version,
      uses,
      detect,
      folder,
      programPath,
      fence,
      limits,
      isIsolated: !manifest.internet,
    });
  },
  container: ({ manifest, place }, slots, host) =>
    manifest.run.container === undefined
      ? undefined
      : createContainerRunner({
          name: manifest.name,
          run: runOf(manifest.run.container, host.provision),
          wantsBytes: manifest.input === "file",
          slots,
          file: place.replace(/:\d+$/, ""),
          clamavDb: host.provision?.folder ?? host.clamavDb ?? DEFAULT_SIGNATURES,
          clamavState: stateOf(host.provision),
          secretsFolder: host.secretsFolder,
          host: host.containers,
          log: host.log,
        }),
};

/** The folder of a provision never changes. */
function stateOf(provision: Provision | null | undefined): string | undefined {
  return provision?.folder ? provision.key : undefined;
}

function runOf(run: ContainerRun, provision: Provision | null | undefined): ContainerRun {
  return provision?.image ? { ...run, image: provision.image.id } : run;
}

function builtin(module: "yara" | "fileinfo", internet: boolean, host: RunnerHost): Runner {
  const { folder, programPath, version, log } = host;
  // Worker threads need compiled files, even when this one runs from source.
  const file = projectPath("dist", "scanner-agent", "runners", "builtin", `${module}-worker.js`);
  const fence = () => findFence({ internet, isTool: true, folder, programPath });
  const startContained = createStartContained(host.containers, log);
  const common = { file, folder, programPath, fence, startContained, log };
  if (module === "fileinfo") {
    const sources = () => stateOfTools(programPath);
    return createBuiltinRunner({ ...common, data: { programPath, version }, sources, readsSourcesWhileScanning: true });
  }
  const yaraRules = host.provision?.folder ?? host.yaraRules;
  const folders = [projectPath("scanner-agent", "rules"), ...(yaraRules === undefined ? [] : [yaraRules])];
  return createBuiltinRunner({ ...common, data: { folders }, sources: () => stateOfRules(folders) });
}
