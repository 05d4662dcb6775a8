/** What a run is told on its command line. */

import { parseArgs } from "node:util";
import { CORPORA, type CorpusId } from "./corpus.js";

export const BENCHMARKS = [
  "CONSTANTS",
  "B0",
  "B1",
  "B1c",
  "B2",
  "B3",
  "B4",
  "B5",
  "B6",
  "B7",
  "B8",
  "B9",
  "B10",
  "B11",
  "B13",
  "B14",
  "B15",
  "B17",
  "B20",
  "B21",
  "B22",
  "B23",
  "B24",
  "D1",
  "D2",
  "D3",
  "D4",
  "BOMBS",
  "NATS",
  "SEARCH",
] as const;
export type BenchmarkId = (typeof BENCHMARKS)[number];

export interface Options {
  readonly only: readonly BenchmarkId[];
  readonly rounds: number;
  /** Of a full run's files and seconds. */
  readonly scale: number;
  /** Of each run beside the bare path; undefined: as the benchmark has it. */
  readonly seconds: number | undefined;
  /** Beside the bare path. */
  readonly corpora: readonly CorpusId[];
  readonly counts: boolean;
  readonly trace: boolean;
  /** Scans that wait in B14. */
  readonly queued: number;
  readonly seed: number;
  readonly json: boolean;
  /** Where filled databases are kept between runs; undefined: nowhere. */
  readonly data: string | undefined;
  /** Where the measured constants are written for \`npm run capacity\`; undefined: nowhere. */
  readonly writeConstants: string | undefined;
  /** Documents of runs from which docs/performance.md is written, instead of measuring; empty: none. */
  readonly writeDocs: readonly string[];
}

export const USAGE = `npm run bench -- [--only B0,B1,…] [--rounds 5] [--scale 1] [--seconds 7]
                     [--corpora T,64K,M] [--counts] [--trace] [--queued 10000] [--seed 1] [--data DIR] [--json] [--write-constants FILE]
npm run bench -- --write-docs RUN.json,…

  --only     which of ${BENCHMARKS.join()}; B1 includes B1c, and B0 what B2 and B3 measure beside the bare path
  --rounds   rounds after the warm-up, each of them product, baseline, baseline, product
  --scale    share of a full run's files and seconds, e.g. 0.02 to see whether everything runs
  --seconds  how long each run beside the bare path, and D3 and D4, last
  --corpora  what is scanned beside the bare path
  --counts   counts what a scan costs beside processor time: statements, messages, system calls …
  --trace    B2 also tells the time of each step of a scan: who waits for whom
  --queued   how many scans of a slow engine wait in B14
  --seed     names the files and signatures that are made
  --data     keeps the databases of B5, B6 and B13 in this folder and uses them again: 8 GB, and 5 minutes to fill
  --json     one JSON document on standard output (npm run --silent bench keeps npm's own lines off it)
  --write-constants  what CONSTANTS has measured, for npm run capacity; the project's own are in cli/capacity-constants.json
  --write-docs       measures nothing: writes the table of docs/performance.md from what --json has written; of a metric in
                     several of them the last counts`;

/** Scans that wait in B14, if nobody asks for another number. */
export const QUEUED = 10_000;

/** Those that measure containers. */
export const NEED_DOCKER: readonly BenchmarkId[] = ["B4", "B20"];

/** Something that a benchmark needs is not on this machine; the message says what. */
export class Missing extends Error {
  override readonly name = "Missing";
}

/** The command line is wrong; the message says how. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Throws {@link UsageError}. Undefined: help is wanted. */
export function readOptions(args: readonly string[]): Options | undefined {
  const values = parse(args);
  if (values.help) return undefined;
  const names = listOf("--only", values.only, BENCHMARKS, "benchmark");
  if (values["write-constants"] !== undefined && !names.includes("CONSTANTS"))
    throw new UsageError("--write-constants: --only has to name CONSTANTS, which measures them");
  const corpora = Object.keys(CORPORA) as CorpusId[];
  return {
    only: BENCHMARKS.filter((id) => names.includes(id) || (id === "B1c" && names.includes("B1"))),
    corpora: listOf("--corpora", values.corpora, corpora, "corpus"),
    seconds:
      values.seconds === undefined ? undefined : numberOf("--seconds", values.seconds, { from: 0.1, to: 600, whole: false }),
    counts: values.counts,
    trace: values.trace,
    queued: numberOf("--queued", values.queued, { from: 50, to: 1_000_000, whole: true }),
    rounds: numberOf("--rounds", values.rounds, { from: 1, to: 100, whole: true }),
    scale: numberOf("--scale", values.scale, { from: 0.001, to: 100, whole: false }),
    seed: numberOf("--seed", values.seed, { from: 0, to: 2 ** 32 - 1, whole: true }),
    json: values.json,
    data: values.data,
    writeConstants: values["write-constants"],
    writeDocs: values["write-docs"]?.split(",").map((file) => file.trim()) ?? [],
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        only: { type: "string", default: BENCHMARKS.join() },
        rounds: { type: "string", default: "5" },
        scale: { type: "string", default: "1" },
        seconds: { type: "string" },
        corpora: { type: "string", default: "T,64K,M" },
        counts: { type: "boolean", default: false },
        trace: { type: "boolean", default: false },
        queued: { type: "string", default: String(QUEUED) },
        seed: { type: "string", default: "1" },
        json: { type: "boolean", default: false },
        data: { type: "string" },
        "write-constants": { type: "string" },
        "write-docs": { type: "string" },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function listOf<T extends string>(option: string, text: string, known: readonly T[], what: string): T[] {
  const names = text.split(",").map((name) => name.trim());
  for (const name of names)
    if (!known.some((one) => one === name)) throw new UsageError(`${option}: there is no ${what} ${name}`);
  return known.filter((one) => names.includes(one));
}

function numberOf(option: string, text: string, { from, to, whole }: { from: number; to: number; whole: boolean }): number {
  const value = Number(text);
  if (text.trim() !== "" && value >= from && value <= to && (!whole || Number.isInteger(value))) return value;
  throw new UsageError(`${option}: needs a ${whole ? "whole " : ""}number from ${from} to ${to}`);
}
