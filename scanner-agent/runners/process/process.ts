import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { EngineVersions } from "../../../schema/engine-versions.js";
import type { ProcessLimits } from "../../../schema/process-run.js";
import { NO_VERSIONS, reasonOf, Unavailable, type RawOutput, type Runner } from "../../contract.js";
import { findProgram, explainMissing } from "../../processes/programs.js";
import { NEVER_ABORTED, within } from "../../within.js";
import { fillCommand } from "../fill-command.js";
import { followVersions } from "../versions.js";
import { runCommand, type CommandOptions } from "./command.js";
import { LIMITS, noFence, unfenced, type Fence, type Mount } from "./fence.js";
import { minimalEnvironment } from "./guard.js";
import { allowedLimits, findLimit } from "./limits.js";
import { findShown } from "./shown-paths.js";
import { stateOfCommand } from "./used-files.js";

const VERSION_TIMEOUT_MS = 10_000;

/** How a program is run. */
export interface ProgramOptions {
  /** `{file}`, `{sha256}`, `{sha1}` and `{md5}` stand for the sample. */
  readonly command: readonly string[];
  /** The program that must be installed. */
  readonly detect: string;
  /** Prints the engine's version on its first line. */
  readonly version: readonly string[] | undefined;
  /** Files and folders that it reads besides those that the command names. */
  readonly uses?: readonly string[] | undefined;
  /** Where a private folder is made for each run. */
  readonly folder: string;
  readonly programPath: string;
  /** Finds the fence that the program runs in, at the first start; default: none. */
  readonly fence?: () => Promise<Fence>;
  readonly limits?: ProcessLimits | undefined;
  /** Whether it must not reach the network: the operator is told where it could. */
  readonly isIsolated?: boolean;
}

/** Runs a command for each sample, in a process group, folder and environment of its own. */
export function createProcessRunner(options: ProgramOptions): Runner {
  const { command, detect, version, uses, folder, programPath, limits = LIMITS } = options;
  let fence: Fence | undefined;
  let shown: readonly Mount[] | undefined;
  const versions = followVersions({ state: stateOfVersions, read: readVersions, image: null });

  async function runInFolder(
    argv: readonly string[],
    sample: string | null,
    until: Pick<CommandOptions, "timeoutMs" | "signal">,
  ): Promise<RawOutput> {
    const inside = await findFence();
    shown ??= await findShown([command, version ?? [], uses ?? []], programPath);
    const cwd = await mkdtemp(join(folder, "run-"));
    try {
      const env = minimalEnvironment(programPath, inside.home ?? cwd);
      const words = inside.wrap(argv, sample, { mounts: shown, limits });
      const output = await runCommand(words, { cwd, env, maxOutput: limits.output, setting: "limits.output", ...until });
      const limit = inside === noFence ? undefined : findLimit(output, allowedLimits(limits));
      return limit === undefined ? output : { ...output, limit };
    } finally {
      await rm(cwd, { recursive: true, force: true });
    }
  }

  async function findFence(): Promise<Fence> {
    return (fence ??= (await options.fence?.()) ?? noFence);
  }

  async function start(): Promise<void> {
    if ((await findProgram(detect, programPath)) === undefined) throw new Unavailable(await explainMissing(detect));
    await findFence();
  }

  async function readVersions(): Promise<EngineVersions> {
    if (version === undefined) return NO_VERSIONS;
    try {
      const { stdout } = await runInFolder(version, null, { timeoutMs: VERSION_TIMEOUT_MS, signal: NEVER_ABORTED });
      return { ...NO_VERSIONS, engine: stdout.split("\n", 1)[0]?.trim() || null };
    } catch (cause) {
      throw new Unavailable(`${version.join(" ")} does not print a version: ${reasonOf(cause)}`, { cause });
    }
  }

  /** Of the programs and of the files that the manifest names: what else they read is unknown. */
  async function stateOfVersions(): Promise<string | null> {
    const states = [
      await stateOfCommand({ command, uses: uses ?? [], programPath }),
      version === undefined ? "" : await stateOfCommand({ command: version, uses: [], programPath }),
    ];
    return states.includes(null) ? null : states.join(" ");
  }

  return {
    setup: { updatedBy: "HOST", limits },
    get description() {
      return `process (${(fence ?? noFence).description})`;
    },
    start,
    warnings: () => (options.isIsolated && fence === noFence ? [unfenced(detect)] : []),
    versions: async () => (await versions.ask()).versions,
    fingerprint: () => stateOfCommand({ command, uses, programPath }),
    async run(sample, { timeoutMs, signal, onStart }) {
      const { path } = sample;
      const file = path === null ? null : (await findFence()).innerPath(path);
      const argv = fillCommand(command, { hashes: sample, file: file ?? "" });
      onStart?.(await within(timeoutMs, versions.current(), signal));
      return await runInFolder(argv, path, { timeoutMs, signal });
    },
    // Nothing outlives a run.
    stop: () => Promise.resolve(),
  };
}
