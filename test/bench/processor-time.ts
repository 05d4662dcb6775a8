/** Processor time of the mesh's processes, as Linux accounts for it. */

import { readdir, readFile } from "node:fs/promises";
import { basename } from "node:path";

/** The processes told apart. `load` is the load generator: this process. */
export const PROCESSES = ["gateway", "agent", "nats-server", "postgres", "clamd", "load"] as const;
export type ProcessName = (typeof PROCESSES)[number];

/** Milliseconds of processor time by process. */
export type ProcessorTime = Readonly<Record<ProcessName, number>>;

const GATEWAYS = ["/gateway/main.js", "/bare/gateway.js"];
const AGENTS = ["/scanner-agent/main.js", "/agent-process.js", "/bare/agent.js"];
/** The kernel's unit in /proc is 1/100 s on every architecture that Node runs on. */
const MS_PER_TICK = 10;

interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly ms: number;
}

/** Whose time is wanted. */
export interface Counted {
  /** These and their descendants; without them the descendants of this process. */
  readonly roots?: readonly number[];
  /** Who is left out: a session of Postgres that belongs to the load generator. */
  readonly without?: number;
}

/** Everything that the processes have used until now, of children that have ended too. */
export async function processorTime({ roots, without }: Counted = {}): Promise<ProcessorTime> {
  const entries = await readEntries();
  const total: Record<ProcessName, number> = { gateway: 0, agent: 0, "nats-server": 0, postgres: 0, clamd: 0, load: 0 };
  const names = new Map<number, ProcessName | undefined>();
  for (const { pid, parent, ms } of roots === undefined ? descendants(entries, process.pid) : families(entries, roots)) {
    if (pid === without) continue;
    // Engines of an agent are processes of many names; parents come before their children.
    const name = nameOf(await words(pid)) ?? (names.get(parent) === "agent" ? "agent" : undefined);
    names.set(pid, name);
    if (name !== undefined) total[name] += ms;
  }
  const { user, system } = process.cpuUsage();
  total.load = (user + system) / 1_000;
  return total;
}

/** Processes of the mesh by what they are. */
export async function pidsOf(wanted: ProcessName): Promise<number[]> {
  const entries = await readEntries();
  const named = await Promise.all(
    descendants(entries, process.pid).map(async ({ pid }) => ({ pid, name: nameOf(await words(pid)) })),
  );
  return named.flatMap(({ pid, name }) => (name === wanted ? [pid] : []));
}

/** The processes that count, by what they are. */
export async function processesOf({ roots = [], without }: Counted): Promise<Map<ProcessName, number[]>> {
  const found = new Map<ProcessName, number[]>();
  for (const { pid } of families(await readEntries(), roots)) {
    const name = pid === without ? undefined : nameOf(await words(pid));
    if (name !== undefined) found.set(name, [...(found.get(name) ?? []), pid]);
  }
  return found;
}

/** Processor time between two readings. */
export function elapsed(from: ProcessorTime, to: ProcessorTime): ProcessorTime {
  return mapTime((name) => to[name] - from[name]);
}

export function mapTime(value: (name: ProcessName) => number): ProcessorTime {
  return Object.fromEntries(PROCESSES.map((name) => [name, value(name)])) as ProcessorTime;
}

/** What the mesh itself has used: everything but the load generator. */
export function ofMesh(time: ProcessorTime): number {
  return PROCESSES.reduce((sum, name) => (name === "load" ? sum : sum + time[name]), 0);
}

function families(entries: readonly ProcessEntry[], roots: readonly number[]): ProcessEntry[] {
  const heads = entries.filter(({ pid }) => roots.includes(pid));
  return heads.flatMap((head) => [head, ...descendants(entries, head.pid)]);
}

function descendants(entries: readonly ProcessEntry[], root: number): ProcessEntry[] {
  const children = entries.filter(({ parent }) => parent === root);
  return children.flatMap((child) => [child, ...descendants(entries, child.pid)]);
}

async function readEntries(): Promise<ProcessEntry[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  return (await Promise.all(pids.map(readEntry))).filter((entry) => entry !== undefined);
}

async function readEntry(name: string): Promise<ProcessEntry | undefined> {
  const stat = await readIfThere(`/proc/${name}/stat`);
  if (stat === "") return undefined;
  // The program's name stands in parentheses and may hold anything; field 3 follows it.
  const fields = stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .map(Number);
  const [parent, utime, stime, cutime, cstime] = [1, 11, 12, 13, 14].map((i) => fields[i] ?? 0) as [
    number,
    number,
    number,
    number,
    number,
  ];
  return { pid: Number(name), parent, ms: (utime + stime + cutime + cstime) * MS_PER_TICK };
}

async function words(pid: number): Promise<string[]> {
  return (await readIfThere(`/proc/${pid}/cmdline`)).split("\0");
}

/** Guards and whatever else stands between a part and us are nobody's. */
function nameOf([program = "", script = ""]: readonly string[]): ProcessName | undefined {
  if (basename(program) === "postgres" || program.startsWith("postgres:")) return "postgres";
  if (basename(program) === "nats-server") return "nats-server";
  if (basename(program) === "clamd") return "clamd";
  if (GATEWAYS.some((file) => script.endsWith(file))) return "gateway";
  if (AGENTS.some((file) => script.endsWith(file))) return "agent";
  return undefined;
}

/** A process may end between two looks. */
async function readIfThere(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) return "";
    throw error;
  }
}
