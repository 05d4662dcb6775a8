import { readFile } from "node:fs/promises";
import { hasCode } from "./contract.js";

/** When a process was started, as the system counts it; null where the system does not tell. Tells a process from a later one with its id. */
export async function startOf(pid: number): Promise<string | null> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    // The name, in parentheses, may hold spaces: count from behind it. The start time is the 22nd field.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null;
  } catch (error) {
    if (hasCode(error, "ENOENT", "ESRCH")) return null;
    throw error;
  }
}

/** Whether the process that was started then is still there. */
export async function isRunning(pid: number, started: string | null): Promise<boolean> {
  return signal(pid, 0) && (started === null || (await startOf(pid)) === started);
}

/** A process's command line, one string an argument; empty if there is none. */
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
    // It is there and belongs to somebody else.
    if (hasCode(error, "EPERM")) return true;
    throw error;
  }
}
