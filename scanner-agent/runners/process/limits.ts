import { readFileSync } from "node:fs";
import type { ProcessLimits } from "../../../schema/process-run.js";
import { sizeText } from "../../../schema/settings.js";
import type { RawOutput } from "../../contract.js";

const FILE_TOO_LARGE_STATUS = 128 + 25;

/** What engines print when a system call fails because of a limit. */
const WORDS: Readonly<Record<Exclude<keyof ProcessLimits, "output">, RegExp>> = {
  files: /too many open files|\bE[MN]FILE\b/i,
  fileSize: /file too large|file size limit exceeded|\bEFBIG\b/i,
  pids: /resource temporarily unavailable|can't start new thread|cannot fork|\bEAGAIN\b/i,
  tmp: /no space left on device|\bENOSPC\b/i,
  memory:
    /cannot allocate memory|could not allocate memory|out of memory|memory exhausted|allocation failed|MemoryError|bad_alloc|\bENOMEM\b/i,
};

/** The words before a command line that limit it. */
export function prlimit({ memory, files, fileSize, pids }: ProcessLimits): readonly string[] {
  // The data segment and not the address space: WebAssembly and large maps reserve far more of that than they use.
  return ["prlimit", `--data=${memory}`, `--nofile=${files}`, `--fsize=${fileSize}`, `--nproc=${pids}`, "--core=0", "--"];
}

/** These limits, as far as the agent may set them: only root may raise its own. */
export function allowedLimits(limits: ProcessLimits): ProcessLimits {
  // Elsewhere there are no fences, and no such file.
  if (process.getuid?.() === 0 || process.platform !== "linux") return limits;
  const own = readFileSync("/proc/self/limits", "utf8");
  const hard = (name: string) => Number(new RegExp(`^${name} +\\S+ +(\\d+)`, "m").exec(own)?.[1] ?? Infinity);
  return {
    ...limits,
    memory: Math.min(limits.memory, hard("Max data size")),
    files: Math.min(limits.files, hard("Max open files")),
    fileSize: Math.min(limits.fileSize, hard("Max file size")),
    pids: Math.min(limits.pids, hard("Max processes")),
  };
}

/** The limit that a program reached, as far as its exit status and output tell. */
export function findLimit({ exitCode, stdout, stderr }: Omit<RawOutput, "limit">, limits: ProcessLimits): string | undefined {
  if (exitCode === FILE_TOO_LARGE_STATUS) return `it reached its limit of ${describe("fileSize", limits)}`;
  const text = `${stderr}\n${stdout}`;
  const reached = (Object.keys(WORDS) as (keyof typeof WORDS)[]).find((limit) => WORDS[limit].test(text));
  return reached && `it seems to have reached its limit of ${describe(reached, limits)}`;
}

function describe(limit: keyof typeof WORDS, limits: ProcessLimits): string {
  const what = {
    files: `${limits.files} open files`,
    fileSize: `${sizeText(limits.fileSize)} for a file`,
    pids: `${limits.pids} processes and threads`,
    tmp: `${sizeText(limits.tmp)} for what it writes`,
    memory: `${sizeText(limits.memory)} of memory (data segment)`,
  };
  return `${what[limit]} (limits.${limit})`;
}
