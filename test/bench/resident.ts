/** Resident memory of processes; Linux. */

import { readFileSync, writeFileSync } from "node:fs";
import type { ScansSamples } from "./mesh.js";
import { processesOf, type ProcessName } from "./processor-time.js";

const BYTES_PER_KB = 1_024;
const BYTES_PER_MB = 1_000_000;
const RESET_PEAK = "5";

/** The first process of a mesh that is that. */
export async function pidOf(mesh: ScansSamples, name: ProcessName): Promise<number> {
  const [pid] = (await processesOf(mesh.counted())).get(name) ?? [];
  if (pid === undefined) throw new Error(`the mesh has no ${name}`);
  return pid;
}

export function residentMB(pid: number): number {
  return sizeMB(pid, "VmRSS");
}

/** The most that it has at any moment while something is done, by the kernel's own mark. */
export async function peakMB(pid: number, work: () => Promise<unknown>): Promise<number> {
  writeFileSync(`/proc/${pid}/clear_refs`, RESET_PEAK);
  await work();
  return sizeMB(pid, "VmHWM");
}

function sizeMB(pid: number, what: "VmRSS" | "VmHWM"): number {
  const line = readFileSync(`/proc/${pid}/status`, "utf8")
    .split("\n")
    .find((one) => one.startsWith(`${what}:`));
  return (Number.parseInt(line?.slice(what.length + 1) ?? "", 10) * BYTES_PER_KB) / BYTES_PER_MB;
}
