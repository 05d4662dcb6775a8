/** What the plan is to be made for, as it is given on the command line. */

import { OperatorError } from "../schema/operator-error.js";
import type { Constants } from "./capacity-constants.js";

/** An engine as the plan sees it. */
export interface EngineDemand {
  readonly name: string;
  /** Milliseconds of a core. */
  readonly cpuMs: number;
  readonly cpuMsPerMB: number;
  /** Milliseconds in which it only waits, e.g. for a service elsewhere. */
  readonly waitMs: number;
  readonly waitMsPerMB: number;
  /** Samples at once on a host. */
  readonly slots: number;
}

export interface Demand {
  readonly scansPerHour: number;
  /** In megabytes of 1,000,000 bytes. */
  readonly meanMB: number;
  readonly engines: readonly EngineDemand[];
  /** Of a host of agents. */
  readonly cores: number;
  /** For which samples and reports are kept. */
  readonly days: number;
  /** Share of samples whose bytes were not there before. */
  readonly unique: number;
  /** Share of its time for which a slot or a core may be busy. */
  readonly utilisation: number;
}

/** The texts of the options. */
export interface Given {
  readonly scansPerHour: string;
  readonly meanSize: string;
  readonly engines: string;
  readonly slotsPerHost?: string | undefined;
  readonly cores: string;
  readonly days: string;
  readonly unique: string;
  readonly utilisation: string;
}

const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
};
const NUMBER = String.raw`\d+(?:\.\d+)?`;
const SIZE = new RegExp(`^(${NUMBER})\\s*([KMG]?I?B?)$`, "i");
const TERM = new RegExp(`^(${NUMBER})(ms|s)(/MB)?(-wait)?$`);
const ENGINE = /^([\w.-]+)(?::([^@]*))?(?:@(\d+))?$/;
const MOST_SLOTS = 10_000;

/** Throws {@link OperatorError} with one sentence about the first thing that is wrong. */
export function readDemand(given: Given, constants: Constants): Demand {
  const cores = parseNumber("--cores", given.cores, { from: 1, to: 1_024, whole: true });
  const slots =
    given.slotsPerHost === undefined
      ? cores
      : parseNumber("--slots-per-host", given.slotsPerHost, { from: 1, to: MOST_SLOTS, whole: true });
  return {
    scansPerHour: parseNumber("--scans-per-hour", given.scansPerHour, { from: 1, to: 1e9 }),
    meanMB: parseSize(given.meanSize) / 1e6,
    engines: parseEngines(given.engines, slots, constants),
    cores,
    days: parseNumber("--days", given.days, { from: 1, to: 36_500 }),
    unique: parseNumber("--unique", given.unique, { from: 0, to: 1 }),
    utilisation: parseNumber("--utilisation", given.utilisation, { from: 0.05, to: 0.95 }),
  };
}

function parseSize(text: string): number {
  const [, number, unit = ""] = SIZE.exec(text.trim()) ?? [];
  const bytes = Number(number) * (UNITS[unit.toUpperCase()] ?? Number.NaN);
  if (bytes >= 1 && bytes <= 1e12) return bytes;
  throw new OperatorError(`--mean-size: ${JSON.stringify(text)} is no size from 1B to 1000GB, such as 300KB or 2MiB.`);
}

function parseEngines(text: string, slots: number, constants: Constants): EngineDemand[] {
  const engines = text.split(",").map((one) => parseEngine(one.trim(), slots, constants));
  for (const [i, { name }] of engines.entries())
    if (engines.findIndex((other) => other.name.toLowerCase() === name.toLowerCase()) !== i)
      throw new OperatorError(`--engines: ${name} is named twice.`);
  return engines;
}

function parseEngine(text: string, slotsPerHost: number, { engines }: Constants): EngineDemand {
  const [, name, cost, ownSlots] = ENGINE.exec(text) ?? [];
  if (name === undefined)
    throw new OperatorError(
      `--engines: ${JSON.stringify(text)} is no engine; write NAME, NAME:40ms/MB+2ms or NAME:200ms-wait@8.`,
    );
  const slots =
    ownSlots === undefined
      ? slotsPerHost
      : parseNumber(`--engines: the slots of ${name}`, ownSlots, { from: 1, to: MOST_SLOTS, whole: true });
  if (cost !== undefined) return { name, ...parseCost(name, cost), slots };
  const known = Object.entries(engines).find(([other]) => other.toLowerCase() === name.toLowerCase());
  if (known === undefined)
    throw new OperatorError(
      `--engines: what ${name} costs is not known; write it, e.g. ${name}:40ms/MB+2ms. Known are ${Object.keys(engines).join(", ")}.`,
    );
  const [spelt, { cpuMs, cpuMsPerMB }] = known;
  return { name: spelt, cpuMs, cpuMsPerMB, waitMs: 0, waitMsPerMB: 0, slots };
}

function parseCost(name: string, text: string) {
  const sum = { cpuMs: 0, cpuMsPerMB: 0, waitMs: 0, waitMsPerMB: 0 };
  for (const term of text.split("+")) {
    const [, number, unit, perMB, waiting] = TERM.exec(term.trim()) ?? [];
    if (number === undefined)
      throw new OperatorError(
        `--engines: ${JSON.stringify(term)} is no cost of ${name}; write terms such as 2ms, 40ms/MB, 200ms-wait, joined by +.`,
      );
    const key = `${waiting === undefined ? "cpu" : "wait"}Ms${perMB === undefined ? "" : "PerMB"}` as keyof typeof sum;
    sum[key] += Number(number) * (unit === "s" ? 1_000 : 1);
  }
  return sum;
}

function parseNumber(
  option: string,
  text: string,
  { from, to, whole = false }: { from: number; to: number; whole?: boolean },
): number {
  const value = Number(text);
  if (text.trim() !== "" && value >= from && value <= to && (!whole || Number.isInteger(value))) return value;
  throw new OperatorError(
    `${option}: needs a ${whole ? "whole " : ""}number from ${from} to ${to}, not ${JSON.stringify(text)}.`,
  );
}
