/** What a run is told on its command line. */

import { parseArgs } from "node:util";
import type { FaultCase } from "./case.js";

export interface Options {
  readonly list: boolean;
  /** Empty: all. */
  readonly cases: readonly FaultCase[];
  readonly seed: number;
  /** Undefined: each case once. */
  readonly minutes: number | undefined;
  readonly json: string | undefined;
  readonly busy: boolean;
}

export const USAGE = `npm run faults -- [--case NAME]... [--minutes N] [--seed 1] [--json FILE] [--busy] [--list]

  --case     a case to run, once; may be given several times. Without it all of them run, one after the other
  --minutes  runs for so long: random cases, several at once, with quiet periods between
  --seed     names what is random: samples, and which cases come together
  --json     writes the results to this file as one JSON document
  --busy     this machine does other things too: how late the event loop was, and how soon the mesh was well, do not count
  --list     says what each case does, and ends`;

/** The command line is wrong; the message says how. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Throws {@link UsageError}. Undefined: help is wanted. */
export function readOptions(args: readonly string[], known: readonly FaultCase[]): Options | undefined {
  const values = parse(args);
  if (values.help) return undefined;
  const cases = values.case.map((name) => {
    const found = known.find((one) => one.name === name);
    if (found === undefined)
      throw new UsageError(`--case: there is no case ${JSON.stringify(name)}; --list shows those that there are`);
    return found;
  });
  return {
    list: values.list,
    cases: [...new Set(cases)],
    seed: numberOf("--seed", values.seed, 0, 2 ** 32 - 1),
    minutes: values.minutes === undefined ? undefined : numberOf("--minutes", values.minutes, 1, 10_000),
    json: values.json,
    busy: values.busy,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        case: { type: "string", multiple: true, default: [] },
        minutes: { type: "string" },
        seed: { type: "string", default: "1" },
        json: { type: "string" },
        busy: { type: "boolean", default: false },
        list: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function numberOf(option: string, text: string, from: number, to: number): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isInteger(value) && value >= from && value <= to) return value;
  throw new UsageError(`${option}: needs a whole number from ${from} to ${to}`);
}
