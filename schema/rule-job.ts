/** Rulesets: what an agent is told to do with the rules of a draft, and what it says of it. */

import { z } from "zod";
import { hashText } from "./hashes.js";
import { engineName, told } from "./message-fields.js";
import { SAMPLE_KEY } from "./sealed-chunks.js";

/** The engine whose rules are checked if none is named. */
export const RULES_ENGINE = "Yara";

/** Bounds of a ruleset. */
export const RULESET_LIMITS = {
  files: 1_000,
  /** Bytes of all files. */
  size: 16 * 1024 ** 2,
  comment: 500,
  /** Most samples that it can be tried against. */
  samples: 5_000,
} as const;

/** Names of files that hold rules; others are there to be included. */
export const RULE_FILE = /\.yara?$/i;

/** Samples that an agent is given at once: how far a try is shows after each piece. */
export const TRY_PIECE = 50;

/** Most mistakes that are told; a file of another kind of rules would have thousands. */
export const MAX_MISTAKES = 300;

/** How much is told of one sample. */
export const MAX_TOLD_RULES = 20;

/** Most jobs of an agent. */
export const MAX_RULE_JOBS = 8;

/** How far the check of a version of a ruleset is. */
export const RulesetState = {
  /** A host compiles it, or none is there that can. */
  CHECKING: "CHECKING",
  /** It has mistakes: it cannot be enabled. */
  INVALID: "INVALID",
  READY: "READY",
} as const;
/** One of the names of {@link RulesetState}. */
export type RulesetState = keyof typeof RulesetState;

/** Whether a mistake keeps the rules from being enabled. */
export const RuleSeverity = { ERROR: "ERROR", WARNING: "WARNING" } as const;
/** One of the names of {@link RuleSeverity}. */
export type RuleSeverity = keyof typeof RuleSeverity;

/** What an agent does with a ruleset. */
export const RuleJobKind = { CHECK: "CHECK", TRY: "TRY" } as const;
/** One of the names of {@link RuleJobKind}. */
export type RuleJobKind = keyof typeof RuleJobKind;

/** How far a job is. */
export const RuleJobState = {
  /** No host has begun it. */
  WAITING: "WAITING",
  RUNNING: "RUNNING",
  DONE: "DONE",
  FAILED: "FAILED",
  CANCELLED: "CANCELLED",
} as const;
/** One of the names of {@link RuleJobState}. */
export type RuleJobState = keyof typeof RuleJobState;

/** What came of one sample. */
export const TryOutcome = {
  NO_MATCH: "NO_MATCH",
  MATCH: "MATCH",
  /** The rules took too long. */
  TIMEOUT: "TIMEOUT",
  FAILED: "FAILED",
  /** It is larger than the engine reads. */
  UNSCANNED: "UNSCANNED",
  /** It was deleted meanwhile. */
  GONE: "GONE",
} as const;
/** One of the names of {@link TryOutcome}. */
export type TryOutcome = keyof typeof TryOutcome;

/** A mistake in a file of a ruleset. */
export const RuleMistake = z.object({
  path: told(255),
  /** From 1; null: the file as a whole. */
  line: z.number().int().positive().nullable(),
  message: told(500),
  severity: z.enum(RuleSeverity),
});
/** What {@link RuleMistake} parses. */
export type RuleMistake = z.infer<typeof RuleMistake>;

/** A sample that a ruleset is tried against, and what opens it. */
export const TriedSample = z.object({
  /** Its place in the whole try. */
  at: z.number().int().nonnegative(),
  sha256: hashText("sha256"),
  md5: hashText("md5"),
  sha1: hashText("sha1"),
  size: z.number().int().nonnegative(),
  blob: z.uuid(),
  key: z.string().regex(SAMPLE_KEY).optional(),
});
/** What {@link TriedSample} parses. */
export type TriedSample = z.infer<typeof TriedSample>;

/** A job as it is given to an agent. */
export const RuleOrder = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("CHECK"), job: z.uuid(), engine: engineName, digest: hashText("sha256") }),
  z.object({
    kind: z.literal("TRY"),
    job: z.uuid(),
    engine: engineName,
    /** Of the ruleset's manifest. */
    digest: hashText("sha256"),
    /** Counts up from 1; a job goes on with its next piece. */
    piece: z.number().int().positive(),
    samples: z.array(TriedSample).max(TRY_PIECE),
  }),
]);
/** What {@link RuleOrder} parses. */
export type RuleOrder = z.infer<typeof RuleOrder>;

/** What came of a sample, as its agent tells it. */
export const SampleTried = z.object({
  at: z.number().int().nonnegative(),
  outcome: z.enum(TryOutcome),
  /** The rules that matched; those beyond the most are left out. */
  rules: z.array(told(128)).max(MAX_TOLD_RULES),
  /** Why it did not finish. */
  reason: told(300).nullable(),
});
/** What {@link SampleTried} parses. */
export type SampleTried = z.infer<typeof SampleTried>;

/** A job as its agent tells it. */
export const RuleJob = z.object({
  job: z.uuid(),
  state: z.enum({ RUNNING: "RUNNING", DONE: "DONE", FAILED: "FAILED" }),
  /** Why it has failed, for people. */
  reason: told(1_024).nullable(),
  /** Of a check: its files that are looked at, and all of them. */
  done: z.number().int().nonnegative(),
  total: z.number().int().nonnegative(),
  /** What came of a check. */
  check: z
    .object({
      rules: z.number().int().nonnegative(),
      mistakes: z.array(RuleMistake).max(MAX_MISTAKES),
      /** How many more there are. */
      omitted: z.number().int().nonnegative(),
    })
    .nullable(),
  /** Of a try: the piece that it has, and will do. */
  taken: z.number().int().positive().nullable(),
  /** The piece that is done, and what came of its samples; null: none yet. */
  piece: z.number().int().positive().nullable(),
  tried: z.array(SampleTried).max(TRY_PIECE),
});
/** What {@link RuleJob} parses. */
export type RuleJob = z.infer<typeof RuleJob>;

/** What an agent does with rulesets. */
export const RuleJobs = z.object({
  /** Engines whose rules it can check and try. */
  engines: z.array(engineName).max(MAX_RULE_JOBS),
  jobs: z.array(RuleJob).max(MAX_RULE_JOBS),
});
/** What {@link RuleJobs} parses. */
export type RuleJobs = z.infer<typeof RuleJobs>;
