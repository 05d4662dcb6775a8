import { readFile } from "node:fs/promises";
import { hasCode } from "./contract.js";

const STATE = 0;
const START = 19;

/** When a process was started, as the system counts it; null where the system does not tell. Tells a process from a later one with its id. */
export async function startOf(pid: number): Promise<string | null> {
  return (await fieldsOf(pid))?.[START] ?? null;
}

/** Whether the process that was started then still runs; one that has ended and that nobody has waited for does not. */
export async function isRunning(pid: number, started: string | null): Promise<boolean> {
  if (!signal(pid, 0)) return false;
  const fields = await fieldsOf(pid);
  return fields?.[STATE] !== "Z" && (started === null || fields?.[START] === started);
}

/** The fields of /proc/<pid>/stat after the name. */
async function fieldsOf(pid: number): Promise<string[] | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    // The name, in parentheses, may hold spaces: count from behind it.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch (error) {
    if (hasCode(error, "ENOENT", "ESRCH")) return undefined;
    throw error;
  }
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
