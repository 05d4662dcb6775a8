/** System calls of a mesh's processes while something is done: by perf where it may count, else by strace. */

import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { findProgram } from "../../standalone/programs.mjs";
import type { ScansSamples } from "./mesh.js";
import { processesOf } from "./processor-time.js";

/** Until it counts: it looks at every thread first. */
const ATTACHES_MS = 1_000;
const TCP = "protocol == 6 && ret > 0";
const EVENTS = ["raw_syscalls:sys_enter", "syscalls:sys_enter_openat", "sock:sock_send_length"] as const;
const NAMES = ["system calls", "file opens", "TCP sends"] as const;

export interface Calls {
  readonly counts: Readonly<Record<string, number>>;
  /** What could not be counted on this machine. */
  readonly note?: string;
}

/** What counts calls of processes until it is told to end; undefined if it may not. */
type Counter = (folder: string, pids: readonly number[]) => { end(): Promise<readonly (number | undefined)[] | undefined> };

export async function countCalls(mesh: ScansSamples, work: () => Promise<unknown>): Promise<Calls> {
  const counter = counterHere();
  if (counter === undefined) {
    await work();
    return { counts: {}, note: "system calls, file opens and TCP sends: neither perf nor strace is installed here" };
  }
  const folder = await mkdtemp(join(tmpdir(), "scanmesh-bench-calls-"));
  try {
    const groups = [...(await processesOf(mesh.counted()))];
    const running = groups.map(([name, pids]) => ({ name, ...counter.start(join(folder, name), pids) }));
    await pause(ATTACHES_MS);
    await work();
    const counts: Record<string, number> = {};
    let silent = false;
    for (const { name, end } of running) {
      const values = await end();
      if (values === undefined) silent = true;
      for (const [i, value] of (values ?? []).entries()) if (value !== undefined) counts[`${NAMES[i] ?? ""}, ${name}`] = value;
    }
    const sorted = Object.entries(counts).toSorted(([a], [b]) => orderOf(a) - orderOf(b));
    const note = silent ? `system calls: ${counter.name} may not count them here` : counter.note;
    return { counts: Object.fromEntries(sorted), ...(note === undefined ? {} : { note }) };
  } finally {
    await rm(folder, { recursive: true });
  }
}

function orderOf(what: string): number {
  return NAMES.findIndex((name) => what.startsWith(name));
}

function counterHere(): { name: string; start: Counter; note?: string } | undefined {
  const perf = findProgram("perf");
  if (perf !== undefined) return { name: "perf", start: (folder, pids) => byPerf(perf, folder, pids) };
  const strace = findProgram("strace");
  const note = "system calls by strace, which slows all of it down; TCP sends need perf";
  return strace === undefined ? undefined : { name: "strace", start: (folder, pids) => byStrace(strace, folder, pids), note };
}

function byPerf(program: string, file: string, pids: readonly number[]): ReturnType<Counter> {
  const events = EVENTS.flatMap((event) => ["-e", event]);
  return until(program, ["stat", "-x", ",", "-o", file, "-p", pids.join(), ...events, "--filter", TCP], async () => {
    const lines = (await readFile(file, "utf8")).split("\n").map((line) => line.split(","));
    return EVENTS.map((event) => {
      const value = Number(lines.find((fields) => fields[2] === event)?.[0]);
      return Number.isNaN(value) ? undefined : value;
    });
  });
}

function byStrace(program: string, file: string, pids: readonly number[]): ReturnType<Counter> {
  const args = ["-c", "-f", "-U", "name,calls", "-o", file, ...pids.flatMap((pid) => ["-p", `${pid}`])];
  return until(program, args, async () => {
    const calls = new Map(
      (await readFile(file, "utf8")).split("\n").flatMap((line) => {
        const [name, count] = line.trim().split(/\s+/);
        return name && count && /^\d+$/.test(count) ? [[name, Number(count)] as const] : [];
      }),
    );
    return [calls.get("total"), calls.get("openat") ?? 0, undefined];
  });
}

/** Undefined if the program ends by itself: it is not allowed to look. */
function until<T>(program: string, args: readonly string[], read: () => Promise<T>): { end(): Promise<T | undefined> } {
  const child = spawn(program, args, { stdio: "ignore" });
  const ended = new Promise<void>((resolve) => {
    child.once("error", () => resolve());
    child.once("exit", () => resolve());
  });
  return {
    async end() {
      if (child.exitCode !== null || child.pid === undefined) return undefined;
      child.kill("SIGINT");
      await ended;
      return read();
    },
  };
}
