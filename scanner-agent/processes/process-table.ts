import { readFile } from "node:fs/promises";
import { hasCode } from "../contract.js";

const STATE = 0;
const START = 19;

/** When a process started, in the system's own unit; null on systems without /proc. It tells apart processes that reuse an id. */
export async function readStartTime(pid: number): Promise<string | null> {
  return (await readStat(pid))?.[START] ?? null;
}

/** Whether the process that started at `startTime` still runs. A zombie does not. */
export async function isRunning(pid: number, startTime: string | null): Promise<boolean> {
  if (!signal(pid, 0)) return false;
  const fields = await readStat(pid);
  return fields?.[STATE] !== "Z" && (startTime === null || fields?.[START] === startTime);
}

/** The fields of /proc/<pid>/stat after the name. */
async function readStat(pid: number): Promise<string[] | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    // The process name, in parentheses, may hold spaces: count from behind it.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch (error) {
    if (hasCode(error, "ENOENT", "ESRCH")) return undefined;
    throw error;
  }
}

/** A process's arguments; empty if there is no such process. */
export async function commandLine(pid: number): Promise<string[]> {
  try {
    return (await readFile(`/proc/${pid}/cmdline`, "utf8")).split("\0").slice(0, -1);
  } catch (error) {
    if (hasCode(error, "ENOENT", "ESRCH")) return [];
    throw error;
  }
}

/** Ends a process and everything in its group. */
export function killGroup(leader: number): void {
  signal(-leader, "SIGKILL");
}

/** Sends a signal; false if there is no such process. */
export function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch (error) {
    if (hasCode(error, "ESRCH")) return false;
    // It exists and belongs to another user.
    if (hasCode(error, "EPERM")) return true;
    throw error;
  }
}
