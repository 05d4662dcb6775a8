import type { Logger } from "pino";
import { projectPath } from "../../schema/paths.js";
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
  readonly log: Logger;
}

/** The runners of an engine, in the order of its manifest's ways. */
export function createRunners(loaded: LoadedManifest, slots: number, host: RunnerHost): Runner[] {
  return loaded.ways.map((way) => WAYS[way](loaded, slots, host)).filter((runner) => runner !== undefined);
}

const WAYS: Readonly<Record<Way, (loaded: LoadedManifest, slots: number, host: RunnerHost) => Runner | undefined>> = {
  builtin: ({ manifest }, _, host) =>
    manifest.run.builtin === undefined ? undefined : builtin(manifest.run.builtin.module, manifest.internet, host),
  process: ({ manifest }, slots, host) => {
    const { process: program } = manifest.run;
    const { folder, programPath, clamavDb, log } = host;
    if (program?.service === "clamd") {
      const fence = () => findDaemonFence({ folder, programPath });
      return createClamdRunner({
        database: clamavDb,
        slots,
        timeoutMs: manifest.timeout,
        programPath,
        // Each engine's own: what another has started is not left over.
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
          run: manifest.run.container,
          wantsBytes: manifest.input === "file",
          slots,
          file: place.replace(/:\d+$/, ""),
          clamavDb: host.clamavDb ?? DEFAULT_SIGNATURES,
          secretsFolder: host.secretsFolder,
          host: host.containers,
          log: host.log,
        }),
};

function builtin(module: "yara" | "fileinfo", internet: boolean, host: RunnerHost): Runner {
  const { folder, programPath, yaraRules, version, log } = host;
  // Worker threads need compiled files, even when this one runs from source.
  const file = projectPath("dist", "scanner-agent", "runners", "builtin", `${module}-worker.js`);
  const fence = () => findFence({ internet, isTool: true, folder, programPath });
  const startContained = createStartContained(host.containers, log);
  const common = { file, folder, programPath, fence, startContained, log };
  if (module === "fileinfo") {
    const sources = () => stateOfTools(programPath);
    return createBuiltinRunner({ ...common, data: { programPath, version }, sources, readsSourcesWhileScanning: true });
  }
  const folders = [projectPath("scanner-agent", "rules"), ...(yaraRules === undefined ? [] : [yaraRules])];
  return createBuiltinRunner({ ...common, data: { folders }, sources: () => stateOfRules(folders) });
}
