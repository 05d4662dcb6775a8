/** Fetching for the whole mesh: what an agent with SCANMESH_FETCH is told to fetch, and what it says of it. */

import { z } from "zod";
import { setName } from "./bundle.js";
import { hashText } from "./hashes.js";
import { engineName, told, toldInstant } from "./message-fields.js";

/** How far a job of a fetcher is. */
export const FetchState = {
  WAITING: "WAITING",
  /** It asks whether there is something new. */
  CHECKING: "CHECKING",
  FETCHING: "FETCHING",
  VERIFYING: "VERIFYING",
  UPLOADING: "UPLOADING",
  /** There was nothing new, or the gateway has it. */
  DONE: "DONE",
  /** The source refuses until a time. */
  BLOCKED: "BLOCKED",
  FAILED: "FAILED",
} as const;
/** One of the names of {@link FetchState}. */
export type FetchState = keyof typeof FetchState;

/** Most jobs of an agent. */
export const MAX_FETCH_JOBS = 64;

/** A job as it is given to a fetcher. */
export const FetchOrder = z.object({
  engine: engineName,
  set: setName,
  /** Another one for each look. */
  job: z.uuid(),
  /** Where what is new is uploaded, with its one-time token. */
  url: z.string().max(2_048),
  /** Of the files that the newest bundle has: they need not be uploaded. */
  known: z.array(hashText("sha256")).max(1_000),
});
/** What {@link FetchOrder} parses. */
export type FetchOrder = z.infer<typeof FetchOrder>;

/** A job as its fetcher tells it. */
export const FetchJob = z.object({
  engine: engineName,
  set: setName,
  job: z.uuid(),
  state: z.enum(FetchState),
  /** Why it is blocked or has failed, or a remark, for people. */
  reason: told(1024).nullable(),
  /** Until when the source refuses. */
  until: toldInstant,
  /** How much of it is done, and all of it, in bytes. */
  bytes: z.number().nonnegative(),
  total: z.number().nonnegative(),
  /** When the source was asked last. */
  checkedAt: toldInstant,
});
/** What {@link FetchJob} parses. */
export type FetchJob = z.infer<typeof FetchJob>;

/** What an agent fetches for the mesh. */
export const FetchJobs = z.object({
  /** What it can fetch: engine, set, and how often its manifest says to look, in milliseconds. */
  sources: z
    .array(z.object({ engine: engineName, set: setName, everyMs: z.number().int().min(60_000).max(2_592_000_000).optional() }))
    .max(MAX_FETCH_JOBS),
  jobs: z.array(FetchJob).max(MAX_FETCH_JOBS),
});
/** What {@link FetchJobs} parses. */
export type FetchJobs = z.infer<typeof FetchJobs>;
