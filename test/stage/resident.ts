/** How much memory a part of the mesh takes; Linux. */

import { readFileSync } from "node:fs";
import type { Part } from "./stage.js";

const EVERY_MS = 5;

export function residentMb({ process }: Part): number {
  const status = readFileSync(`/proc/${process.pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024;
}

/** The most that it takes at any moment while a task is under way. */
export async function peakMb(part: Part, task: () => Promise<void>): Promise<number> {
  let peak = residentMb(part);
  const look = () => (peak = Math.max(peak, residentMb(part)));
  const timer = setInterval(look, EVERY_MS);
  try {
    await task();
    return look();
  } finally {
    clearInterval(timer);
  }
}
