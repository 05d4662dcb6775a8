/**
 * The messages of the bus. Each is JSON with a version field `v`, defined here once and parsed at the border
 * ({@link parseMessage}) and nowhere else. A message of another version does not parse.
 */

import { z } from "zod";
import { Closed, MAX_CLOSED } from "./closed.js";
import { Detection, MAX_DETECTIONS } from "./detection.js";
import { EngineVersions } from "./engine-versions.js";
import { runFields } from "./run-fields.js";
import { hashText } from "./hashes.js";
import { ImageIdentity } from "./image-identity.js";
import type { Control, LiveHints } from "./control.js";
import { agentId, engineName, fingerprintText, scanId, textWithin, told, toldInstant, v } from "./message-fields.js";
import type { Presence } from "./presence.js";
import { ReturnCause } from "./return-cause.js";
import { SAMPLE_KEY } from "./sealed-chunks.js";
import { EngineVerdict, ResultCause } from "./states.js";

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
  /** How many agents it had crashed before it was published again, which NATS does not count. Older gateways do not send it. */
  crashes: z.number().int().nonnegative().optional(),
  /** The version in which it is answered: 2 is several answers in one message. Left out: 1. */
  answers: z.number().int().positive().optional().catch(undefined),
});
/** What {@link ScanRequest} parses. */
export type ScanRequest = z.infer<typeof ScanRequest>;

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
    ...runFields,
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
  /** How many agents it has crashed so far. */
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
