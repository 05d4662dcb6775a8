/** The streams and consumers of each account, in the JetStream API's own JSON (sizes in bytes, times in nanoseconds). */

import { INTERNET_CLASSES, type EngineSpeed, type InternetClass } from "./classes.js";
import {
  AGENTS,
  ALL_AGENT_RESULTS,
  ALL_BUNDLE_CHUNKS,
  ALL_CHUNKS,
  ALL_PRESENCE,
  ALL_RESULTS,
  BUNDLES,
  engineToken,
  PROBE,
  RECORDER,
  RESULTS,
  SAMPLES,
  SCANS,
  scanSubject,
  scanSubjects,
  WRITE_PROBE,
} from "./subjects.js";

const MILLISECOND = 1_000_000;

/**
 * Bytes of each of a sample's chunks; the last may be shorter. An empty sample is one empty chunk. With its headers a chunk fits into what
 * a nats-server takes by default, 1 MiB.
 */
export const CHUNK_BYTES = 960 * 1024;

/** Bytes of the chunks that every agent can read: those of version 0.1, and of any agent that does not say more. */
export const OLD_CHUNK_BYTES = 512 * 1024;

/** Bytes of the largest message that a gateway publishes: a chunk with its seal and its headers. */
export const LARGEST_MESSAGE_BYTES = CHUNK_BYTES + 1024;

/** How long the presence bucket keeps an agent's last presence. */
export const PRESENCE_TTL_MS = 300_000;

/** Most bytes of the presence bucket: some hundred agents with many engines. */
export const PRESENCE_BYTES = 16 * 1024 ** 2;

/** Bytes that the presence buckets of both accounts reserve together. */
export const PRESENCE_RESERVED = INTERNET_CLASSES.length * PRESENCE_BYTES;

/** Name of the stream that is the presence bucket. */
export const PRESENCE_STREAM = `KV_${AGENTS}`;

/** Settings of the streams. */
export interface StreamSettings {
  /** Longest deadline a scan can have, in milliseconds; SCANS keeps messages a little longer. */
  readonly maxDeadlineMs: number;
  /** Most bytes of waiting requests in an account. */
  readonly scansMaxBytes: number;
  /** Most bytes of samples in an account; -1: as much as the server has. */
  readonly samplesMaxBytes: number;
  /** Most bytes of bundles in an account. */
  readonly bundlesMaxBytes: number;
  /** Time after which an unacknowledged request or result is delivered again, in milliseconds. */
  readonly ackWaitMs: number;
  /** Copies of each stream in a NATS cluster. */
  readonly replicas: number;
}

/** A stream's configuration as the server's API takes it. */
export interface StreamConfig {
  readonly name: string;
  readonly subjects: string[];
  readonly retention: "limits" | "workqueue";
  readonly discard: "new" | "old";
  readonly storage: "file";
  readonly num_replicas: number;
  readonly max_bytes: number;
  readonly max_age: number;
  readonly duplicate_window: number;
  readonly allow_direct: boolean;
  readonly max_msgs_per_subject?: number;
  readonly allow_rollup_hdrs?: boolean;
}

/** The three streams of an account of class `internet`. */
export function streams(internet: InternetClass, settings: StreamSettings): StreamConfig[] {
  const base = {
    discard: "new",
    storage: "file",
    num_replicas: settings.replicas,
    duplicate_window: 120_000 * MILLISECOND,
    allow_direct: true,
  } as const;
  return [
    {
      ...base,
      name: SCANS,
      subjects: scanSubjects(internet),
      retention: "limits",
      max_bytes: settings.scansMaxBytes,
      max_age: (settings.maxDeadlineMs + 3_600_000) * MILLISECOND,
    },
    { ...base, name: SAMPLES, subjects: [ALL_CHUNKS], retention: "limits", max_bytes: settings.samplesMaxBytes, max_age: 0 },
    {
      ...base,
      name: RESULTS,
      subjects: [ALL_RESULTS, ALL_AGENT_RESULTS],
      retention: "workqueue",
      max_bytes: settings.scansMaxBytes,
      max_age: 0,
    },
  ];
}

/**
 * The presence bucket of an account, as NATS's clients make key-value buckets, but that the oldest entries give way when it is full: who
 * fills it keeps no other agent from being heard. Nor may a message replace all others of the stream (roll-up).
 */
export function presenceBucket({ replicas }: Pick<StreamSettings, "replicas">): StreamConfig {
  return {
    name: PRESENCE_STREAM,
    subjects: [ALL_PRESENCE],
    retention: "limits",
    discard: "old",
    storage: "file",
    num_replicas: replicas,
    max_bytes: PRESENCE_BYTES,
    max_age: PRESENCE_TTL_MS * MILLISECOND,
    max_msgs_per_subject: 1,
    duplicate_window: 120_000 * MILLISECOND,
    allow_direct: true,
    allow_rollup_hdrs: false,
  };
}

/**
 * The stream of bundles in an account. A chunk has one message: written again, it takes the place of the one before, which was the same.
 */
export function bundleStream({ replicas, bundlesMaxBytes }: Pick<StreamSettings, "replicas" | "bundlesMaxBytes">): StreamConfig {
  return {
    name: BUNDLES,
    subjects: [ALL_BUNDLE_CHUNKS],
    retention: "limits",
    discard: "new",
    storage: "file",
    num_replicas: replicas,
    max_bytes: bundlesMaxBytes,
    max_age: 0,
    max_msgs_per_subject: 1,
    duplicate_window: 120_000 * MILLISECOND,
    allow_direct: true,
    allow_rollup_hdrs: false,
  };
}

/** The stream of write probes: it keeps one message, and reserves nothing. */
export function probeStream({ replicas }: Pick<StreamSettings, "replicas">): {
  readonly name: string;
  readonly subjects: string[];
  readonly retention: "limits";
  readonly discard: "old";
  readonly storage: "file";
  readonly num_replicas: number;
  readonly max_msgs: number;
} {
  const settings = { retention: "limits", discard: "old", storage: "file", num_replicas: replicas, max_msgs: 1 } as const;
  return { name: PROBE, subjects: [WRITE_PROBE], ...settings };
}

/** Bytes that the streams and buckets of both accounts reserve together; a server refuses a stream that would reserve more than it has. */
export function reservedBytes({
  scansMaxBytes,
  samplesMaxBytes,
  bundlesMaxBytes,
}: Pick<StreamSettings, "scansMaxBytes" | "samplesMaxBytes" | "bundlesMaxBytes">): number {
  return INTERNET_CLASSES.length * (2 * scansMaxBytes + Math.max(0, samplesMaxBytes) + bundlesMaxBytes) + PRESENCE_RESERVED;
}

/** A durable pull consumer's configuration as the server's API takes it. */
export interface DurableConfig {
  readonly durable_name: string;
  readonly ack_policy: "explicit";
  readonly deliver_policy: "all" | "new";
  readonly ack_wait: number;
  readonly max_ack_pending: number;
  readonly max_deliver: number;
  readonly filter_subject?: string;
}

/** NATS's own bound on deliveries of an engine's request, never reached: an agent answers the sixth delivery with FAILED. */
export const MAX_DELIVERIES = 20;

/** The durable of one engine, shared by every host that has it. */
export function engineDurable(
  engine: { name: string; speed: EngineSpeed; internet: InternetClass },
  settings: Pick<StreamSettings, "ackWaitMs">,
): DurableConfig {
  return {
    durable_name: engineToken(engine.name),
    ack_policy: "explicit",
    deliver_policy: "new",
    ack_wait: settings.ackWaitMs * MILLISECOND,
    max_ack_pending: 2_000,
    max_deliver: MAX_DELIVERIES,
    filter_subject: scanSubject(engine.speed, engine.internet),
  };
}

/** The durable of RESULTS, shared by every gateway. */
export function recorderDurable(settings: Pick<StreamSettings, "ackWaitMs">): DurableConfig {
  return {
    durable_name: RECORDER,
    ack_policy: "explicit",
    deliver_policy: "all",
    ack_wait: settings.ackWaitMs * MILLISECOND,
    max_ack_pending: 10_000,
    max_deliver: -1,
  };
}
