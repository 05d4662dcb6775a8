/** Every name on the bus: subjects, streams, buckets, durables. No subject is written anywhere else. */

import { ENGINE_SPEEDS, type EngineSpeed, type InternetClass } from "./classes.js";

/** Limits stream of scan requests, one in each account. */
export const SCANS = "SCANS";
/** Limits stream of sample chunks, one in each account. */
export const SAMPLES = "SAMPLES";
/** Work queue of results, one in each account. */
export const RESULTS = "RESULTS";
/** Key-value bucket of agent presence, one in each account. */
export const AGENTS = "AGENTS";
/** Limits stream of the files of bundles and their manifests, one in each account. */
export const BUNDLES = "BUNDLES";
/** Stream with the last message that gateways wrote to see whether the disk takes it, one in each account. */
export const PROBE = "PROBE";
/** The subject of {@link PROBE}. */
export const WRITE_PROBE = "probe.write";
/** The durable on RESULTS that all gateways share. */
export const RECORDER = "recorder";

/** The NATS account of a class. */
export function accountName(internet: InternetClass): "ISOLATED" | "INTERNET" {
  return internet === "isolated" ? "ISOLATED" : "INTERNET";
}

/** The subject of scan requests for engines of a speed and class, e.g. `scan.ultra.isolated`. */
export function scanSubject(speed: EngineSpeed, internet: InternetClass): string {
  return `scan.${speed.toLowerCase()}.${internet}`;
}

/** The four request subjects of an account's own class. */
export function scanSubjects(internet: InternetClass): string[] {
  return ENGINE_SPEEDS.map((speed) => scanSubject(speed, internet));
}

/** Chunk `n` (from 0) of a blob. */
export function chunkSubject(blob: string, n: number): string {
  return `sample.${blob}.${n}`;
}

/** Chunk `n` (from 0) of the file with this sha256: of a bundle, or a bundle's manifest, which is one chunk. */
export function bundleSubject(sha256: string, n: number): string {
  return `bundle.${sha256}.${n}`;
}

/** All chunks of the file with this sha256. */
export function bundleFileSubject(sha256: string): string {
  return `bundle.${sha256}.*`;
}

/** All chunks of bundles. */
export const ALL_BUNDLE_CHUNKS = "bundle.>";

/** All sample chunks. */
export const ALL_CHUNKS = "sample.>";

/** The blob that a chunk's subject names, or undefined if it is not a chunk's subject. */
export function blobOfChunk(subject: string): string | undefined {
  const [head, blob, n, ...rest] = subject.split(".");
  return head === "sample" && n !== undefined && rest.length === 0 ? blob : undefined;
}

/** An engine's name as a subject token and durable name: lower case. */
export function engineToken(engine: string): string {
  return engine.toLowerCase();
}

/** Where results of an engine are published. */
export function resultSubject(engine: string): string {
  return `result.${engineToken(engine)}`;
}

/** All results of agents that share the credentials of their class. */
export const ALL_RESULTS = "result.*";

/** All results of agents that have an account of their own: NATS adds the agent to the subject. */
export const ALL_AGENT_RESULTS = "result.*.*";

/** Where the results of an engine arrive that an agent with an account of its own publishes to {@link resultSubject}. */
export function agentResultSubject(engine: string, agent: string): string {
  return `${resultSubject(engine)}.${agent}`;
}

/** The engine token of a result's subject: the only place a result's engine is taken from. */
export function engineOfResult(subject: string): string | undefined {
  const [head, engine, , ...rest] = subject.split(".");
  return head === "result" && rest.length === 0 ? engine : undefined;
}

/** The agent that NATS names in the subject of its result; undefined where agents share the credentials of their class. */
export function agentOfResult(subject: string): string | undefined {
  return engineOfResult(subject) === undefined ? undefined : subject.split(".")[2];
}

/** The keys of the AGENTS bucket as subjects. */
export const ALL_PRESENCE = `$KV.${AGENTS}.>`;

/** Presence of an agent: the key of the AGENTS bucket as a subject. */
export function presenceSubject(agent: string): string {
  return `$KV.${AGENTS}.${agent}`;
}

/** Core subject on which an agent is told things (lossy). */
export function controlSubject(agent: string): string {
  return `control.agent.${agent}`;
}

/** Core subject of hints between gateways, in the ISOLATED account only (lossy). */
export const LIVE_SCAN = "live.scan";

/** Core subject on which gateways tell each other that a key was revoked; in the ISOLATED account only, without content (lossy). */
export const LIVE_KEYS = "live.keys";

/**
 * Acknowledgements of an engine's requests, in both forms. NATS 2.15 may name the domain, of which there is none (`_`), and the account
 * before the stream. With `*` for the domain too, an acknowledgement of another engine's request could be written in that form.
 */
export function ackSubjects(engine: string): string[] {
  const ofEngine = `${SCANS}.${engineToken(engine)}.>`;
  return [`$JS.ACK.${ofEngine}`, `$JS.ACK._.*.${ofEngine}`];
}

/** Where the server is asked to take the claims of an account, signed by the operator. */
export const CLAIMS_UPDATE = "$SYS.REQ.CLAIMS.UPDATE";
/** Where the server is asked to remove accounts. */
export const CLAIMS_DELETE = "$SYS.REQ.CLAIMS.DELETE";
/** Where the server is asked which accounts it has. */
export const CLAIMS_LIST = "$SYS.REQ.CLAIMS.LIST";
/** Where the server is asked for the claims of an account. */
export function claimsLookup(account: string): string {
  return `$SYS.REQ.ACCOUNT.${account}.CLAIMS.LOOKUP`;
}
/** Where a server is asked to read its configuration and certificate again; servers before 2.10 do not listen there. */
export function serverReload(server: string): string {
  return `$SYS.REQ.SERVER.${server}.RELOAD`;
}
/** What the server tells of the connections to accounts. */
export const ACCOUNT_EVENTS = "$SYS.ACCOUNT.>";

/** Pull verb of an engine's durable on SCANS. */
export function pullSubject(engine: string): string {
  return `$JS.API.CONSUMER.MSG.NEXT.${SCANS}.${engineToken(engine)}`;
}

/** Pull verb of {@link RECORDER}. */
export const RESULTS_PULL = `$JS.API.CONSUMER.MSG.NEXT.${RESULTS}.${RECORDER}`;

/** Chunk read verb: a direct get of the one message on a chunk's subject. */
export function chunkReadSubject(blob: string, n: number): string {
  return `$JS.API.DIRECT.GET.${SAMPLES}.${chunkSubject(blob, n)}`;
}

/** Read verbs of all chunks. */
export const ALL_CHUNK_READS = `$JS.API.DIRECT.GET.${SAMPLES}.${ALL_CHUNKS}`;

/** Chunk read verb of bundles, as {@link chunkReadSubject}. */
export function bundleReadSubject(sha256: string, n: number): string {
  return `$JS.API.DIRECT.GET.${BUNDLES}.${bundleSubject(sha256, n)}`;
}

/** Read verbs of all chunks of bundles. */
export const ALL_BUNDLE_READS = `$JS.API.DIRECT.GET.${BUNDLES}.${ALL_BUNDLE_CHUNKS}`;

/** Read verb of a stored chunk by its sequence. */
export const CHUNK_BY_SEQUENCE = `$JS.API.DIRECT.GET.${SAMPLES}`;

/** The prefix of gateways' private inboxes, to which no agent may subscribe. */
export const GATEWAY_INBOX_PREFIX = "_GATEWAY";

/** The prefix of an agent's private inboxes. */
export function inboxPrefix(agent: string): string {
  return `_INBOX.${agent}`;
}

/**
 * What an agent's user may publish and subscribe: its verbs (pull, acknowledge, result, chunk read of samples and of bundles, presence),
 * its own inbox and control subject. `$JS.ACK` is granted in both forms, because NATS 2.15 adds the domain and account to it.
 * `*` as the agent's id makes credentials that several agents share.
 */
export function agentPermissions(agent: string): { pub: { allow: string[] }; sub: { allow: string[] } } {
  return {
    pub: {
      allow: [
        pullSubject("*"),
        `$JS.ACK.${SCANS}.>`,
        `$JS.ACK.*.*.${SCANS}.>`,
        ALL_RESULTS,
        ALL_CHUNK_READS,
        ALL_BUNDLE_READS,
        presenceSubject(agent),
      ],
    },
    sub: { allow: [`${inboxPrefix(agent)}.>`, controlSubject(agent)] },
  };
}

/** What the gateways' user of the system account may do: read and change accounts, have servers read their certificates again, and hear of the connections to them. */
export function resolverPermissions(): { pub: { allow: string[] }; sub: { allow: string[] } } {
  return {
    pub: { allow: [CLAIMS_UPDATE, CLAIMS_DELETE, CLAIMS_LIST, claimsLookup("*"), serverReload("*")] },
    sub: { allow: [`${GATEWAY_INBOX_PREFIX}.>`, ACCOUNT_EVENTS] },
  };
}
