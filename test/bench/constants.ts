/** CONSTANTS: what a scan costs, from which `npm run capacity` plans; and whether that tells the cost of another load. */

import { costOf, type Constants, type Cost } from "../../cli/capacity-constants.js";
import type { Bench, Benchmark } from "./bench.js";
import { countUse, type Use } from "./constants-count.js";
import { costWithoutBytes, linearCost, type Load } from "./linear-cost.js";
import { NULL_ENGINE } from "./engines.js";
import { openInsertRate } from "./insert-rate.js";
import { pushThrough } from "./load.js";
import type { Machine } from "./report.js";
import { startMesh, type BenchMesh, type MeshEngine } from "./mesh.js";
import { metric, type Metric } from "./metric.js";
import { ofMesh, type ProcessorTime } from "./processor-time.js";
import { openPublishRate } from "./publish-rate.js";
import { SLOTS } from "./slots.js";
import { figureOf, mean, median } from "./statistics.js";
import { meshSide } from "./throughput.js";
import type { CorpusId } from "./corpus.js";

const MANY = 8;
const CHECKED = 4;
const SLEEP_MS = 100;
const SLEEP_FILES = 600;
const SECONDS = 7;
const WARM_UP = { T: 1_000, "64K": 400, M: 100 } as const;
/** They do real work. */
const BUILTIN_WARM_UP = 50;
const INSERT_SECONDS = 3;
const MESSAGES = 20_000;
const LARGE_BYTES = 960 * 1024;
const LARGE_MESSAGES = 400;
const BUILTIN = ["FileInfo", "Yara"] as const;

/** Taken from what is published of clamd with its full database (19 to 45 MB/s a core); generated signatures say nothing of it. */
const CLAMAV = { cpuMs: 2, cpuMsPerMB: 25, source: "published of clamd with its full database: 19 to 45 MB/s a core" };

/** The constants without their origin, which is known when the run is over. */
export type MeasuredConstants = Omit<Constants, "v" | "machine" | "doubts">;

/** A load at which the costs of a scan were measured. */
interface Point extends Load {
  readonly cpu: ProcessorTime;
  readonly use: Use;
}

export const constants: Benchmark = async (bench) => {
  const one = await measured(bench, NULL_ENGINE, ["T", "M"], ratesOf);
  const many = await measured(bench, { ...NULL_ENGINE, copies: MANY }, ["T"]);
  const [small, mixed] = one.points as [Point, Point];
  const points = { small, mixed, engines: many.points[0] as Point };
  const cpu = (name: keyof ProcessorTime) => linearCost(points, (point) => point.cpu[name]);
  const messages = (name: keyof Use) => linearCost(points, (point) => point.use[name]);
  // Postgres sees no bytes, and what it does in the background is least beside many small samples.
  const rows = (name: keyof Use) => linearCost({ ...points, mixed: small }, (point) => point.use[name]);
  const rates = one.more as Rates;
  const found: MeasuredConstants = {
    cpuMs: {
      gateway: cpu("gateway"),
      agent: cpu("agent"),
      "nats-server": cpu("nats-server"),
      postgres: costWithoutBytes(points, ({ cpu }) => cpu.postgres),
    },
    postgres: {
      statements: rows("statements"),
      commits: rows("commits"),
      walBytes: rows("walBytes"),
      rowBytes: rows("rowBytes"),
      mostCommitsPerSecond: rates.inserts,
    },
    nats: {
      messagesIn: messages("messagesIn"),
      messagesOut: messages("messagesOut"),
      mostStoredPerSecond: rates.messages,
      mostMBPerSecond: rates.megabytes,
    },
    turnaroundMs: await turnaround(bench),
    engines: { ClamAV: CLAMAV, ...(await builtinCosts(bench, points)) },
  };
  bench.keepConstants(found);
  return [...metricsOf(found), await check(bench, found)];
};

/** The document, with where it comes from. */
export function withOrigin(found: MeasuredConstants, machine: Machine, doubts: readonly string[]): Constants {
  const { date, cores, processor, memoryGiB, system, commit, versions } = machine;
  return { v: 1, machine: { date, cores, processor, memoryGiB, system, commit, versions }, doubts: [...doubts], ...found };
}

async function measured<T>(
  bench: Bench,
  engine: MeshEngine & { copies?: number },
  corpora: readonly CorpusId[],
  then?: (bench: Bench, mesh: BenchMesh) => Promise<T>,
): Promise<{ points: Point[]; more: T | undefined }> {
  const mesh = await startMesh(engine, Buffer.from("first"), { counting: true });
  try {
    const points: Point[] = [];
    for (const id of corpora) {
      const { cpu, megabytes } = await costs(bench, mesh, id, `engines: ${engine.copies ?? 1}`);
      const count = bench.scaled(2 * WARM_UP[id], 20);
      const use = await bench.progress.measure(
        `CONSTANTS  ${id}, counted`,
        (advance) => {
          const bodies = bench.corpus.files(id, count).map((file, i) => mesh.bodyOf(file, `${id}-${i}`));
          return countUse(mesh, count, () => pushThrough(mesh, bodies, advance));
        },
        () => "",
      );
      points.push({ engines: engine.copies ?? 1, megabytes, cpu, use });
    }
    return { points, more: await then?.(bench, mesh) };
  } finally {
    await mesh.stop();
  }
}

async function costs(bench: Bench, mesh: BenchMesh, id: CorpusId, label: string, warmUp: number = WARM_UP[id]) {
  const amount = { seconds: bench.seconds(SECONDS), warmUp: bench.scaled(warmUp, 20) };
  const side = meshSide(mesh, bench.corpus, id, amount);
  for (let round = 0; round <= bench.rounds; round++)
    await bench.progress.measure(
      `CONSTANTS  ${id}, ${label}`,
      (advance) => side.measure(round, advance),
      (rate) => `${rate.toFixed(0)} scans/s`,
    );
  const runs = Array.from({ length: bench.rounds }, (_, i) => side.runs(i + 1)).flat();
  return { cpu: side.cpuMsPerScan(), megabytes: mean(runs.map(({ megabytes }) => megabytes)) };
}

interface Rates {
  readonly inserts: number;
  readonly messages: number;
  readonly megabytes: number;
}

async function ratesOf({ rounds, progress, scaled }: Bench, mesh: BenchMesh): Promise<Rates> {
  const inserts = await openInsertRate(mesh.postgresUrl);
  const often = async (
    label: string,
    unit: string,
    measure: (advance: (done: number, of: number) => void) => Promise<number>,
  ) => {
    const values: number[] = [];
    for (let round = 1; round <= rounds; round++)
      values.push(await progress.measure(`CONSTANTS  ${label}`, measure, (value) => `${value.toFixed(0)} ${unit}`));
    return median(values);
  };
  const published = async (label: string, unit: string, messages: number, size?: { bytes: number; inFlight: number }) => {
    const publishes = await openPublishRate(mesh.natsUrl, mesh.natsCreds, size);
    try {
      return await often(label, unit, (advance) => publishes.measure(messages, advance));
    } finally {
      await publishes.stop();
    }
  };
  const large = { bytes: LARGE_BYTES, inFlight: 8 };
  return {
    inserts: await often("commits", "commits/s", () => inserts.measure(scaled(INSERT_SECONDS, 1))),
    messages: await published("small messages", "messages/s", scaled(MESSAGES, 1_000)),
    megabytes: ((await published("large messages", "messages/s", scaled(LARGE_MESSAGES, 40), large)) * LARGE_BYTES) / 1e6,
  };
}

/** By an engine that only waits, so that nothing is short of a core. */
async function turnaround(bench: Bench): Promise<number> {
  const mesh = await startMesh({ own: "sleep", setting: SLEEP_MS }, Buffer.from("first"));
  try {
    const files = SLOTS.sleep * Math.ceil(bench.scaled(SLEEP_FILES, SLOTS.sleep) / SLOTS.sleep);
    const values: number[] = [];
    for (let round = 0; round <= bench.rounds; round++) {
      const bodies = bench.corpus.files("T", files).map((file, i) => mesh.bodyOf(file, `T-${i}`));
      const ms = await bench.progress.measure(
        "CONSTANTS  turnaround",
        async (advance) => ((await pushThrough(mesh, bodies, advance)) * 1_000 * SLOTS.sleep) / files - SLEEP_MS,
        (value) => `${value.toFixed(2)} ms`,
      );
      if (round > 0) values.push(ms);
    }
    return Math.max(0, median(values));
  } finally {
    await mesh.stop();
  }
}

/** What the agent uses with them beyond what it uses with an engine that does nothing. */
async function builtinCosts(bench: Bench, { small, mixed }: { small: Point; mixed: Point }) {
  const found: Record<string, Constants["engines"][string]> = {};
  for (const name of BUILTIN) {
    const mesh = await startMesh({ builtin: [name] }, Buffer.from("first"));
    try {
      const t = await costs(bench, mesh, "T", name, BUILTIN_WARM_UP);
      const m = await costs(bench, mesh, "M", name, BUILTIN_WARM_UP);
      const [atT, atM] = [t.cpu.agent - small.cpu.agent, m.cpu.agent - mixed.cpu.agent];
      const cpuMsPerMB = Math.max(0, (atM - atT) / (m.megabytes - t.megabytes));
      found[name] = { cpuMs: Math.max(0, atT - cpuMsPerMB * t.megabytes), cpuMsPerMB, source: "measured" };
    } finally {
      await mesh.stop();
    }
  }
  return found;
}

/** A load that is none of those from which the constants come. */
async function check(bench: Bench, { cpuMs }: MeasuredConstants): Promise<Metric> {
  const mesh = await startMesh({ ...NULL_ENGINE, copies: CHECKED }, Buffer.from("first"), { counting: true });
  try {
    const { cpu, megabytes } = await costs(bench, mesh, "64K", `engines: ${CHECKED}`);
    const planned = Object.values(cpuMs).reduce((sum, cost) => sum + costOf(cost, CHECKED, megabytes), 0);
    const ratio = ofMesh(cpu) / planned;
    return metric({
      id: "CONSTANTS.check",
      about: `${CHECKED} engines, 64 KiB: processor time measured by planned is ${ratio.toFixed(3)}; how far that is from 1`,
      unit: "share",
      figure: figureOf([Math.abs(ratio - 1)]),
    });
  } finally {
    await mesh.stop();
  }
}

function metricsOf({ cpuMs, turnaroundMs }: MeasuredConstants): Metric[] {
  const sum = (part: keyof Cost) => Object.values(cpuMs).reduce((all, cost) => all + cost[part], 0);
  const one = (id: string, about: string, unit: Metric["unit"], value: number) =>
    metric({ id: `CONSTANTS.${id}`, about, unit, figure: figureOf([value]) });
  return [
    one("scan", "processor time of the mesh for a scan, without its engines and its bytes", "CPU-ms/scan", sum("perScan")),
    one("engine", "processor time of the mesh for each engine of a scan", "CPU-ms/scan", sum("perEngine")),
    one("perMB", "processor time of the mesh for each megabyte", "CPU-ms/MB", sum("perMB")),
    one("turnaround", "time for which a slot has no sample between two scans", "ms", turnaroundMs),
  ];
}
