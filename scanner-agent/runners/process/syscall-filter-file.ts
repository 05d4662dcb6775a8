import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findProgram } from "../../processes/programs.js";
import type { FenceOptions } from "./fence.js";
import { syscallFilter } from "./syscall-filter.js";

/** Runs the rest with the filter on a file descriptor, from which Bubblewrap takes it. */
const WITH_FILTER = 'filter=$1; shift; exec "$@" 8< "$filter"';

/** Bubblewrap, and a system-call filter for it. */
export interface FilterTool {
  /** Bubblewrap with the options that make it use the filter. */
  readonly enter: readonly string[];
  /** The command line that runs another which has {@link FilterTool.enter} somewhere in it. */
  wrap(argv: readonly string[]): string[];
}

/**
 * Writes the filter into the folder, where it has to stay: in a command line it would fill the screen of whoever lists processes.
 * Undefined where Bubblewrap is not installed, or the processor is of another kind.
 */
export async function createFilterTool({ internet, folder, programPath }: FenceOptions): Promise<FilterTool | undefined> {
  const program = await findProgram("bwrap", programPath);
  const filter = syscallFilter(process.arch, internet);
  if (program === undefined || filter === undefined) return undefined;
  const file = join(folder, internet ? "internet.seccomp" : "isolated.seccomp");
  await writeFile(file, filter);
  return { enter: [program, "--seccomp", "8"], wrap: (argv) => ["sh", "-c", WITH_FILTER, "sh", file, ...argv] };
}
