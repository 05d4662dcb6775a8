/** What gateways tell agents and each other in plain messages, which may be lost. */

import { z } from "zod";
import { EngineSettings } from "./agent-settings.js";
import { ServedBundles } from "./bundle.js";
import { SwitchWay } from "./bundle-presence.js";
import { FetchOrder, MAX_FETCH_JOBS } from "./fetch-job.js";
import { hashText } from "./hashes.js";
import { engineName, instant, scanId, textWithin, v } from "./message-fields.js";
import { MAX_RULE_JOBS, RuleOrder } from "./rule-job.js";

/**
 * What an agent can be told to be. A cordoned one takes nothing more and finishes what it has, however long that takes; a
 * draining one hands back what it has not finished within its grace.
 */
export const AgentState = { READY: "READY", CORDONED: "CORDONED", DRAINING: "DRAINING" } as const;
/** One of the names of {@link AgentState}. */
export type AgentState = keyof typeof AgentState;

/** Hints on `live.scan`: these scans have reached these revisions. Readers re-read Postgres. */
export const LiveHints = z.object({ v, scans: z.array(z.tuple([scanId, z.number().int().nonnegative()])) });
/** What {@link LiveHints} parses. */
export type LiveHints = z.infer<typeof LiveHints>;

/** Most scans that one {@link Control} message names. */
export const CANCELS_PER_MESSAGE = 1_000;

/** Most signatures that one {@link Control} message names: those of the longest names fit too. */
export const IGNORED_PER_MESSAGE = 2_000;

/** What an agent is told on `control.agent.<id>`. Messages may be lost: what must arrive is repeated. */
export const Control = z.discriminatedUnion("kind", [
  /** Nobody wants the answers of these scans any more: what runs for them is ended without an answer. */
  z.object({ v, kind: z.literal("cancel"), scans: z.array(scanId).min(1).max(CANCELS_PER_MESSAGE) }),
  /** Be in this state until told otherwise. */
  z.object({ v, kind: z.literal("state"), state: z.enum(AgentState) }),
  /** Test this engine now; its presence says what came of it. */
  z.object({ v, kind: z.literal("test"), engine: engineName }),
  /** Another process that started earlier runs with this one's key: end, if you are this instance. */
  z.object({ v, kind: z.literal("copy"), instance: z.uuid() }),
  /** Take no work for this engine, for this reason; null: take work again. An agent forgets it at its end. */
  z.object({ v, kind: z.literal("refuse"), engine: engineName, reason: textWithin(1024).nullable() }),
  /** Run the engines as this says: its revision is in the presence once that is done. */
  z.object({
    v,
    kind: z.literal("settings"),
    revision: z.number().int().nonnegative(),
    engines: z.array(EngineSettings).max(256),
  }),
  /** Finish or hand back what you have, and end so that you are started again, if your process was started then. */
  z.object({ v, kind: z.literal("restart"), startedAt: instant }),
  /**
   * Leave these signatures out of what this engine looks for, and no others, once all `parts` of this revision are there (the first is
   * 0); `ignoredRevision` of them. The engine's presence shows it once that is done.
   */
  z.object({
    v,
    kind: z.literal("ignore"),
    engine: engineName,
    revision: hashText("sha256"),
    part: z.number().int().nonnegative().max(100),
    parts: z.number().int().positive().max(100),
    signatures: z.array(textWithin(256)).max(IGNORED_PER_MESSAGE),
  }),
  /** Serve these bundles with this engine, and no others; none: what the host gives it. Its presence says how far it is. */
  z.object({ v, kind: z.literal("serve"), engine: engineName, bundles: ServedBundles, switch: z.enum(SwitchWay) }),
  /** Fetch these for the mesh. Jobs that are not named go on. */
  z.object({ v, kind: z.literal("fetch"), jobs: z.array(FetchOrder).min(1).max(MAX_FETCH_JOBS) }),
  /** Check and try these rulesets, and no others: jobs that are not named are ended and forgotten. */
  z.object({ v, kind: z.literal("rules"), jobs: z.array(RuleOrder).max(MAX_RULE_JOBS) }),
]);
/** What {@link Control} parses. */
export type Control = z.infer<typeof Control>;
