/**
 * The messages of the bus. Each is JSON with a version field `v`, defined here once and parsed at the border
 * ({@link parseMessage}) and nowhere else. A message of another version does not parse.
 */

import { z } from "zod";
import { AppliedSettings, EngineLimits, HostMachine } from "./agent-settings.js";
import { EngineSpeed, InternetClass, PluginType } from "./classes.js";
import { Closed, MAX_CLOSED } from "./closed.js";
import { Detection, MAX_DETECTIONS } from "./detection.js";
import { hashText } from "./hashes.js";
import { AgentState, type Control, type LiveHints } from "./control.js";
import {
  agentId,
  engineName,
  fingerprintText,
  instant,
  scanId,
  textWithin,
  told,
  toldInstant,
  toldList,
  v,
} from "./message-fields.js";
import { ReturnCause } from "./return-cause.js";
import { SAMPLE_KEY } from "./sealed-chunks.js";
import { EngineVerdict, ResultCause, UnhealthyCause } from "./states.js";
import { PRESENCE_TTL_MS } from "./streams.js";

/** The largest result message in bytes; longer details are cut and marked `truncated`. */
export const MAX_RESULT_BYTES = 512 * 1024;

/** A request on `scan.<speed>.<class>`: what to scan and who is expected to. Never the bytes, never the file's name. */
export const ScanRequest = z.object({
  v,
  /** The scan's id. */
  scan: scanId,
  sample: z.object({
    sha256: hashText("sha256"),
    md5: hashText("md5"),
    sha1: hashText("sha1"),
    /** Bytes. */
    size: z.number().int().nonnegative(),
    /** Names the chunks in SAMPLES; null when no engine of this request wants bytes. */
    blob: z.uuid().nullable(),
    /** Opens the chunks, which are sealed; left out if they are not. Whoever has the request can read the sample. */
    key: z.string().regex(SAMPLE_KEY).optional(),
    /** MIME type by the first 4 KiB. */
    mime: textWithin(255),
  }),
  /** Names of the engines expected; an agent acks a request that does not name its engine. */
  engines: z.array(engineName).min(1),
  /** No engine may run longer than this for the request, in milliseconds, whatever its own timeout. */
  timeoutMs: z.number().int().positive(),
  /** How often it has ended an agent before it was published again, which NATS does not count. Older gateways do not send it. */
  crashes: z.number().int().nonnegative().optional(),
  /** The version in which it is answered: 2 is several answers in one message. Left out: 1. */
  answers: z.number().int().positive().optional().catch(undefined),
});
/** What {@link ScanRequest} parses. */
export type ScanRequest = z.infer<typeof ScanRequest>;

/** What can be said of an engine's versions; null where an engine does not tell. */
export const EngineVersions = z.object({
  /** The program's version. */
  engine: told(200).nullable(),
  /** The signature database's version. */
  signatures: told(200).nullable(),
  /** The signature database's date, ISO 8601. */
  signatureDate: toldInstant,
});
/** What {@link EngineVersions} parses. */
export type EngineVersions = z.infer<typeof EngineVersions>;

/** The container image that an engine ran in. */
export const ImageIdentity = z.object({
  /** The id of its configuration, `sha256:…`: every image has one. */
  id: told(100),
  /** The digest by which a registry knows it, `sha256:…`; null for an image that never came from one. */
  digest: told(100).nullable(),
});
/** What {@link ImageIdentity} parses. */
export type ImageIdentity = z.infer<typeof ImageIdentity>;

/** A result on `result.<engine>`: SCANNING is an announcement, the others are answers. CANCELLED and NO_AGENT are the gateway's own. */
export const ResultMessage = z
  .object({
    v,
    scan: scanId,
    /** The agent that says so. */
    agent: agentId,
    state: z.enum(["SCANNING", "TIMEOUT", "FAILED", "UNSCANNED", "DONE"]),
    /** Only with DONE; null for an engine that states none. */
    verdict: z.enum(EngineVerdict).nullable(),
    /** The signature's name, for a detection. */
    signature: told(1024).nullable(),
    /** Why it did not finish; present exactly with TIMEOUT, FAILED and UNSCANNED. */
    error: told(4096).nullable(),
    /**
     * The same for programs. With DONE and no verdict: why the engine did not look into all of the sample. Null for every other
     * DONE and for SCANNING. Older agents do not send it; one that a newer agent sends and that is not known here counts as null.
     */
    cause: z.enum(ResultCause).nullable().catch(null).optional(),
    versions: EngineVersions,
    /** The image it ran in; null for an engine that is no container. */
    image: ImageIdentity.nullable().default(null),
    /** When the engine started on it. */
    startedAt: toldInstant,
    /** How long the engine ran, in milliseconds. */
    durationMs: z.number().nonnegative().nullable(),
    /** The engine's own keys (`magic`, `yara`, `known` …), or null. */
    details: z.record(z.string(), z.unknown()).nullable(),
    /**
     * What found out what is closed to engines in the sample: the inspector's version. Sent with an AV engine's CLEAN, and with
     * UNSCANNED and DONE without a verdict if it was found out. An AV engine's CLEAN without it proves nothing: it is an older
     * agent's.
     */
    inspector: told(200).optional(),
    /**
     * What the answer depends on besides the sample, as a hash: program, signatures, rules, image, options. Left out if that has
     * changed during the run, or cannot be known; such a result is never taken over by a later scan. Older agents do not send it.
     */
    fingerprint: fingerprintText,
    /**
     * All that it found with a verdict, of an engine that tells more than the first; the signature names them too. Left out if there
     * are too many, and by older agents.
     */
    detections: z.array(Detection).max(MAX_DETECTIONS).optional().catch(undefined),
    /** What is closed to this engine in the sample. Older agents do not send it. */
    closed: z.array(Closed).max(MAX_CLOSED).optional(),
    /** The details were cut to keep the message within {@link MAX_RESULT_BYTES}. */
    truncated: z.boolean(),
  })
  .refine((m) => m.verdict === null || m.state === "DONE", { path: ["verdict"], error: "only a DONE result has a verdict" })
  .refine((m) => (m.error !== null) === ["TIMEOUT", "FAILED", "UNSCANNED"].includes(m.state), {
    path: ["error"],
    error: "an error belongs to TIMEOUT, FAILED and UNSCANNED, and each of them has one",
  });
/** What {@link ResultMessage} parses. */
export type ResultMessage = z.infer<typeof ResultMessage>;

/**
 * On `result.<engine>` too: the agent has not answered a request, and acknowledges it after this message. The gateway publishes it
 * again. What NATS delivers again by itself is then only what ended without a word, and counts as a crash.
 */
export const ReturnedRequest = z.object({
  v,
  scan: scanId,
  /** The agent that returns it. */
  agent: agentId,
  state: z.literal("RETURNED"),
  /** The request's sequence in SCANS. */
  sequence: z.number().int().positive(),
  /** How often it has ended an agent so far. */
  crashes: z.number().int().nonnegative().max(1_000),
  /** One that a newer agent sends and that is not known here counts as UNAVAILABLE. */
  cause: z.enum(ReturnCause).catch("UNAVAILABLE"),
});
/** What {@link ReturnedRequest} parses. */
export type ReturnedRequest = z.infer<typeof ReturnedRequest>;

/** Everything that is published on `result.<engine>`. */
export const AgentAnswer = z.discriminatedUnion("state", [ResultMessage, ReturnedRequest]);
/** What {@link AgentAnswer} parses. */
export type AgentAnswer = z.infer<typeof AgentAnswer>;

/** Bounds of {@link EnginePresence}'s warnings. */
export const MAX_WARNINGS = { count: 32, length: 300 } as const;

/** Most MIME types that an engine may list. */
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
  /** The image it runs in; null for an engine that is no container. */
  image: ImageIdentity.nullable().default(null),
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
  /** Of an agent with a key of its own: random, another one for each process. A second one with the same key is a copy. */
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
  engines: z.array(EnginePresence).max(MAX_ENGINES),
});
/** What {@link Presence} parses. */
export type Presence = z.infer<typeof Presence>;

/** A message that is not what its subject carries. `message` names each field that is wrong. */
export class MalformedMessage extends Error {
  override readonly name = "MalformedMessage";
}

/** Parses a message's bytes against its definition. Throws {@link MalformedMessage}. */
export function parseMessage<T extends z.ZodType>(schema: T, data: Uint8Array): z.infer<T> {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("utf8"));
  } catch (cause) {
    throw new MalformedMessage("not JSON", { cause });
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) throw new MalformedMessage(z.prettifyError(parsed.error));
  return parsed.data;
}

/** A message's bytes. */
export function encodeMessage(message: ScanRequest | AgentAnswer | Presence | LiveHints | Control): Uint8Array {
  return Buffer.from(JSON.stringify(message));
}
