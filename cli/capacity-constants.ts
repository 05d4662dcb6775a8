/** What a scan costs, as `npm run bench -- --write-constants` has measured it; the file tells when, where and on what. */

import { readFileSync } from "node:fs";
import { z } from "zod";
import { OperatorError } from "../schema/operator-error.js";
import { projectPath } from "../schema/paths.js";

/** The constants that come with this version. */
export const CONSTANTS_FILE = projectPath("cli", "capacity-constants.json");

const amount = z.number().nonnegative();

/** A cost that grows with what is scanned: for each scan, for each engine that takes part in it, and for each megabyte. */
const Cost = z.object({ perScan: amount, perEngine: amount, perMB: amount });
export type Cost = z.infer<typeof Cost>;

const EngineCost = z.object({
  /** Processor milliseconds. */
  cpuMs: amount,
  cpuMsPerMB: amount,
  /** How it is known: measured, or what is published of it. */
  source: z.string(),
});

export const Constants = z.object({
  v: z.literal(1),
  machine: z.object({
    date: z.string(),
    cores: z.number().int().positive(),
    processor: z.string(),
    memoryGiB: amount,
    system: z.string(),
    commit: z.string().nullable(),
    versions: z.record(z.string(), z.string().nullable()),
  }),
  /** Reasons to doubt the run; empty for a good one. */
  doubts: z.array(z.string()),
  /** Processor milliseconds; the agent's without what its engines use. */
  cpuMs: z.object({ gateway: Cost, agent: Cost, "nats-server": Cost, postgres: Cost }),
  postgres: z.object({
    statements: Cost,
    commits: Cost,
    walBytes: Cost,
    /** On disk, indexes with them. */
    rowBytes: Cost,
    /** Single-row inserts that 8 clients commit. */
    mostCommitsPerSecond: z.number().positive(),
  }),
  nats: z.object({
    messagesIn: Cost,
    messagesOut: Cost,
    /** Small messages that are stored and acknowledged. */
    mostStoredPerSecond: z.number().positive(),
    /** Megabytes in messages of 960 KiB that are stored and acknowledged. */
    mostMBPerSecond: z.number().positive(),
  }),
  /** Milliseconds for which a slot has no sample between two scans. */
  turnaroundMs: amount,
  engines: z.record(z.string(), EngineCost),
});
export type Constants = z.infer<typeof Constants>;

/** Throws {@link OperatorError} if the file cannot be read or says something else. */
export function readConstants(file: string): Constants {
  try {
    return Constants.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (cause) {
    const reason = cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause);
    throw new OperatorError(
      `The measured constants cannot be read from ${file}: ${reason}. Write them with npm run bench -- --write-constants FILE.`,
      { cause },
    );
  }
}

/** What a scan by this many engines of this many megabytes costs. */
export function costOf({ perScan, perEngine, perMB }: Cost, engines: number, megabytes: number): number {
  return perScan + perEngine * engines + perMB * megabytes;
}
