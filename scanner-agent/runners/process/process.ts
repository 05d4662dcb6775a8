import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { EngineVersions } from "../../../schema/messages.js";
import { reasonOf, Unavailable, type Runner } from "../../contract.js";
import { findProgram, explainMissing } from "../../programs.js";
import { NEVER_ABORTED } from "../../within.js";
import { fillCommand } from "../fill-command.js";
import { runCommand, type CommandOptions } from "./command.js";
import { noFence, type Fence } from "./fence.js";
import { minimalEnvironment } from "./guard.js";

const MAX_OUTPUT = 8 * 1024 * 1024;
const VERSION_TIMEOUT_MS = 10_000;

/** How a program is run. */
export interface ProgramOptions {
  /** `{file}`, `{sha256}`, `{sha1}` and `{md5}` stand for the sample. */
  readonly command: readonly string[];
  /** The program that must be installed. */
  readonly detect: string;
  /** Prints the engine's version on its first line. */
  readonly version: readonly string[] | undefined;
  /** Where a private folder is made for each run. */
  readonly folder: string;
  readonly programPath: string;
  /** Finds the fence that the program runs in, at the first start; default: none. */
  readonly fence?: () => Promise<Fence>;
  /** Most bytes of output. */
  readonly maxOutput?: number;
}

/** Runs a command for each sample, in a process group, folder and environment of its own. */
export function createProcessRunner(options: ProgramOptions): Runner {
  const { command, detect, version, folder, programPath, maxOutput = MAX_OUTPUT } = options;
  let fence: Fence | undefined;

  async function runInFolder(
    argv: readonly string[],
    sample: string | null,
    limits: Pick<CommandOptions, "timeoutMs" | "signal">,
  ) {
    const inside = await findFence();
    const cwd = await mkdtemp(join(folder, "run-"));
    try {
      const env = minimalEnvironment(programPath, inside.home ?? cwd);
      return await runCommand(inside.wrap(argv, sample), { cwd, env, maxOutput, ...limits });
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

  return {
    get description() {
      return `process (${(fence ?? noFence).description})`;
    },
    start,
    async versions(): Promise<EngineVersions> {
      if (version === undefined) return { engine: null, signatures: null, signatureDate: null };
      try {
        const { stdout } = await runInFolder(version, null, { timeoutMs: VERSION_TIMEOUT_MS, signal: NEVER_ABORTED });
        return { engine: stdout.split("\n", 1)[0]?.trim() || null, signatures: null, signatureDate: null };
      } catch (cause) {
        throw new Unavailable(`${version.join(" ")} does not print a version: ${reasonOf(cause)}`, { cause });
      }
    },
    async run(sample, { timeoutMs, signal }) {
      const { path } = sample;
      const file = path === null ? null : (await findFence()).innerPath(path);
      const argv = fillCommand(command, { hashes: sample, file: file ?? "" });
      return await runInFolder(argv, path, { timeoutMs, signal });
    },
    // Nothing outlives a run.
    stop: () => Promise.resolve(),
  };
}
