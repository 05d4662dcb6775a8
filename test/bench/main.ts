/** `npm run bench`: measures the mesh against what it is made of. */

import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { b0 } from "./b0.js";
import { b1 } from "./b1.js";
import { b1c } from "./b1c.js";
import { b2 } from "./b2.js";
import { b3 } from "./b3.js";
import { b4 } from "./b4.js";
import { b5 } from "./b5.js";
import { b6 } from "./b6.js";
import { b7 } from "./b7.js";
import { b8 } from "./b8.js";
import { b9 } from "./b9.js";
import { b10 } from "./b10.js";
import { b11 } from "./b11.js";
import { b13 } from "./b13.js";
import { b14 } from "./b14.js";
import { b15 } from "./b15.js";
import { b17 } from "./b17.js";
import { b20 } from "./b20.js";
import { b21 } from "./b21.js";
import { b22 } from "./b22.js";
import { b23 } from "./b23.js";
import { b24 } from "./b24.js";
import { CONSTANTS_FILE, readConstants, type Constants } from "../../cli/capacity-constants.js";
import { d1, d2 } from "./d1.js";
import { d3 } from "./d3.js";
import { d4 } from "./d4.js";
import { bombs } from "./bombs.js";
import { nats } from "./nats.js";
import { search } from "./search.js";
import type { Bench, Benchmark } from "./bench.js";
import { hasDocker } from "../docker/base-image.js";
import { constants, withOrigin, type MeasuredConstants } from "./constants.js";
import { createCorpusMaker } from "./corpus.js";
import { describeMachine } from "./machine.js";
import type { Metric } from "./metric.js";
import { Missing, NEED_DOCKER, readOptions, USAGE, UsageError, type BenchmarkId, type Options } from "./options.js";
import { writePerformance } from "./performance.js";
import { createProgress } from "./progress.js";
import { reportOf, tableOf } from "./report.js";
import type { Table } from "./table.js";

const LEAST_SECONDS = 0.3;

const RUNS: Readonly<Record<BenchmarkId, Benchmark>> = {
  CONSTANTS: constants,
  B0: b0,
  B1: b1,
  B1c: b1c,
  B2: b2,
  B3: b3,
  B4: b4,
  B5: b5,
  B6: b6,
  B7: b7,
  B8: b8,
  B9: b9,
  B10: b10,
  B11: b11,
  B13: b13,
  B14: b14,
  B15: b15,
  B17: b17,
  B20: b20,
  B21: b21,
  B22: b22,
  B23: b23,
  B24: b24,
  D1: d1,
  D2: d2,
  D3: d3,
  D4: d4,
  BOMBS: bombs,
  SEARCH: search,
  NATS: nats,
};

class Interrupted extends Error {
  override readonly name = "Interrupted";
}

const fewDigits = (_key: string, value: unknown) => (typeof value === "number" ? Number(value.toPrecision(4)) : value);

/** Postgres may run as another user. */
async function passableFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "scanmesh-bench-data-"));
  await chmod(folder, 0o755);
  return folder;
}

async function run(options: Options): Promise<void> {
  const containers = options.only.filter((id) => NEED_DOCKER.includes(id));
  // Before anything is measured: a whole run takes an hour.
  if (containers.length > 0 && !hasDocker)
    throw new Missing(`${containers.join(" and ")}: \`docker info\` does not work here; --only takes the others`);
  const machine = await describeMachine();
  const ending = new AbortController();
  const progress = createProgress(process.stderr, ending.signal);
  process.once("SIGINT", () => {
    progress.line("Ending after this measurement; Ctrl-C again ends at once.");
    ending.abort(new Interrupted("interrupted"));
  });
  const { seed, rounds, scale, only, corpora, counts, trace, queued } = options;
  const scaled = (full: number, least: number) => Math.max(least, Math.round(full * scale));
  const data = options.data ?? (await passableFolder());
  const tables: Table[] = [];
  let measured: MeasuredConstants | undefined;
  const bench: Bench = {
    seed,
    rounds,
    only,
    corpora,
    counts,
    trace,
    queued,
    corpus: createCorpusMaker(seed),
    progress,
    data: resolve(data),
    scaled,
    seconds: (full) => options.seconds ?? Math.max(LEAST_SECONDS, full * scale),
    constants: (): Constants => (measured === undefined ? readConstants(CONSTANTS_FILE) : withOrigin(measured, machine, [])),
    keepConstants: (found) => void (measured = found),
    show: (table) => void tables.push(table),
  };
  const metrics: Metric[] = [];
  const failures: string[] = [];
  try {
    for (const id of options.only) {
      try {
        metrics.push(...(await RUNS[id](bench)));
      } catch (error) {
        if (error instanceof Interrupted || error instanceof Missing) throw error;
        // What the others have measured in hours is not lost by it.
        failures.push(`${id} has failed: ${error instanceof Error ? error.message : String(error)}`);
        progress.line(error instanceof Error && error.stack !== undefined ? error.stack : String(error));
      }
    }
  } finally {
    if (options.data === undefined) await rm(data, { recursive: true });
  }
  if (failures.length > 0) process.exitCode = 1;
  const report = reportOf(machine, options, metrics, tables, failures);
  if (options.writeConstants !== undefined && measured !== undefined) {
    const document = withOrigin(measured, machine, report.doubts);
    await writeFile(options.writeConstants, `${JSON.stringify(document, fewDigits, 2)}\n`);
  }
  if (options.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  (options.json ? process.stderr : process.stdout).write(`\n${tableOf(report)}\n`);
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) process.stdout.write(`${USAGE}\n`);
  else if (options.writeDocs.length > 0) await writePerformance(options.writeDocs);
  else await run(options);
} catch (error) {
  if (error instanceof UsageError) {
    process.stderr.write(`${error.message}\n\n${USAGE}\n`);
    process.exitCode = 2;
  } else if (error instanceof Missing) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  } else if (error instanceof Interrupted) process.exitCode = 130;
  else throw error;
}
