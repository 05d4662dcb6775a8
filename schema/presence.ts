/** What an agent says of itself and its engines in the AGENTS bucket. */

import { z } from "zod";
import { AppliedSettings, EngineLimits, HostMachine } from "./agent-settings.js";
import { EnginesBundles } from "./bundle-presence.js";
import { EngineSpeed, InternetClass, PluginType } from "./classes.js";
import { AgentState } from "./control.js";
import { EngineSetup } from "./engine-setup.js";
import { EngineVersions } from "./engine-versions.js";
import { FetchJobs } from "./fetch-job.js";
import { agentId, engineName, fingerprintText, instant, told, toldInstant, toldList, v } from "./message-fields.js";
import { ImageIdentity } from "./image-identity.js";
import { RuleJobs } from "./rule-job.js";
import { UnhealthyCause } from "./states.js";
import { PRESENCE_TTL_MS } from "./streams.js";

/** Limits of {@link EnginePresence}'s warnings. */
export const MAX_WARNINGS = { count: 32, length: 300 } as const;

/** The most MIME types of an engine. */
export const MAX_ACCEPTS = 1_000;

/** Most engines of an agent. */
export const MAX_ENGINES = 256;

/** Most slots of an engine on one host. */
export const MAX_SLOTS = 10_000;

/** Shortest and longest time between an agent's heartbeats in milliseconds. */
export const HEARTBEAT_MS = { min: 500, max: PRESENCE_TTL_MS / 3 } as const;

/** One engine in an agent's presence. */
export const EnginePresence = z.object({
  name: engineName,
  type: z.enum(PluginType),
  speed: z.enum(EngineSpeed),
  internet: z.boolean(),
  /** What it is given: the sample's bytes, or its hashes only. */
  input: z.enum(["file", "hash"]),
  /** Whether its absence is no proof although it is no AV engine, as its manifest says. Older agents do not send it. */
  detects: z.boolean().optional(),
  /** How old its signatures may be before they count as stale, in milliseconds. Older agents do not send it. */
  staleAfterMs: z.number().int().positive().optional(),
  /** MIME types it accepts; null: all. */
  accepts: z.array(told(255)).max(MAX_ACCEPTS).nullable(),
  versions: EngineVersions,
  /** What its answers depend on now, as in a {@link ResultMessage}. Left out if that cannot be known, and by older agents. */
  fingerprint: fingerprintText,
  /**
   * `ignoredRevision` of the signatures that it leaves out because it was told to. Left out by an engine that cannot, and by older
   * agents.
   */
  ignores: fingerprintText,
  /** What it serves of the mesh's bundles. Left out by an engine that cannot, and by older agents. */
  bundles: EnginesBundles.optional().catch(undefined),
  /** The image it runs in; null for an engine that is no container. */
  image: ImageIdentity.nullable().default(null),
  /** How it is run. Older agents do not send it; one that cannot be read is unknown. */
  setup: EngineSetup.optional().catch(undefined),
  /** How many samples it scans at once on this host. */
  slots: z.number().int().positive().max(MAX_SLOTS),
  /** How many of them are taken now. */
  busy: z.number().int().nonnegative(),
  /** Which runner it has and how it is isolated, e.g. `builtin`, `process (isolation: none)`. */
  runner: told(200),
  /** An unhealthy engine takes no work. */
  healthy: z.boolean(),
  /** Why not; null exactly when healthy. */
  reason: told(1024).nullable(),
  /**
   * The same for programs; null when healthy. Older agents do not send it; one that a newer agent sends and that is not known
   * here counts as null.
   */
  cause: z.enum(UnhealthyCause).nullable().catch(null).optional(),
  /** When its last self-test ended; null before the first. */
  testedAt: toldInstant.default(null),
  /** What the operator should put right although the engine works, such as rule files that do not compile. */
  warnings: toldList(MAX_WARNINGS),
  /** Whether it says itself that it is too old for its signatures. Left out by one that does not, and by older agents. */
  outdated: z.boolean().optional().catch(undefined),
  /** How much it may use here. Older agents do not send it. */
  limits: EngineLimits.optional().catch(undefined),
  /** How much it may use by its host's own settings. Older agents do not send it. */
  own: EngineLimits.optional().catch(undefined),
});
/** What {@link EnginePresence} parses. */
export type EnginePresence = z.infer<typeof EnginePresence>;

/** The value of an agent's key in AGENTS, put at every heartbeat. */
export const Presence = z.object({
  v,
  agent: agentId,
  host: told(255),
  version: told(50),
  class: z.enum(InternetClass),
  startedAt: instant,
  /** Random, different for each process of an agent that has a key of its own. A second instance with the same key is a copy. */
  instance: z.uuid().optional().catch(undefined),
  /** Time between heartbeats in milliseconds; after three missed ones the agent counts as gone. */
  heartbeatMs: z
    .number()
    .int()
    .positive()
    .transform((value) => Math.min(Math.max(value, HEARTBEAT_MS.min), HEARTBEAT_MS.max)),
  /** Only a READY agent takes work. */
  state: z.enum(AgentState),
  /** In the last presence of an agent that will not come back; one that is restarted deletes its key. Older agents do not send it. */
  goodbye: z.literal("REMOVED").optional(),
  /** What it has proven about its fences since it started, e.g. that isolated containers reach nothing. */
  proofs: toldList({ count: 32, length: 500 }),
  /** Bytes of the largest sample that its disk can take when it holds no other. Older agents do not send it. */
  largestSample: z.number().int().nonnegative().optional(),
  /** Bytes of the largest sample that it keeps in memory, and of all that it does. Older agents do not send it. */
  sampleMemory: z
    .object({ largest: z.number().int().nonnegative(), total: z.number().int().nonnegative() })
    .optional()
    .catch(undefined),
  /** Bytes of the largest chunk of a sample that it reads; without it, `OLD_CHUNK_BYTES`. */
  largestChunk: z.number().int().positive().optional().catch(undefined),
  /** The newest way of sealing chunks that it reads; without it, it reads none that are sealed. */
  sealing: z.number().int().positive().max(1_000).optional().catch(undefined),
  /** The newest version of messages that it reads; without it, 1. */
  messages: z.number().int().positive().max(1_000).optional().catch(undefined),
  /** Engines that its manifests describe and that are off here. Older agents do not send them. */
  off: z.array(engineName).max(MAX_ENGINES).optional().catch(undefined),
  /** What its host has: processors, and bytes of memory. Older agents do not send it. */
  machine: HostMachine.optional().catch(undefined),
  /** Which settings of the mesh it has applied, 0 for none, and what of them it could not. Older agents do not send it. */
  settings: AppliedSettings.optional().catch(undefined),
  /** What it fetches for the whole mesh. Left out by an agent that fetches nothing, and by older ones. */
  fetches: FetchJobs.optional().catch(undefined),
  /** What it does with rulesets. Left out by an agent that has no engine with rules, and by older ones. */
  rules: RuleJobs.optional().catch(undefined),
  engines: z.array(EnginePresence).max(MAX_ENGINES),
});
/** What {@link Presence} parses. */
export type Presence = z.infer<typeof Presence>;
