/** How NATS's accounts are connected: what the account of a class exports, and what the account of one agent imports from it. */

import type { Account, Export, Import } from "@nats-io/jwt";
import {
  ackSubjects,
  agentResultSubject,
  ALL_AGENT_RESULTS,
  ALL_BUNDLE_READS,
  ALL_CHUNK_READS,
  controlSubject,
  presenceSubject,
  pullSubject,
  resultSubject,
} from "./subjects.js";

/**
 * How long NATS keeps the reply route of a pull after its last answer: longer than a pull lasts, and no longer than necessary, since every
 * pull has one.
 */
const PULL_ANSWERS_SECONDS = 15;

const NANOSECONDS = 1_000_000_000;
/** Connections of an agent, including the moment in which old ones are not closed yet. */
const CONNECTIONS = 16;
/** Subscriptions of a connection: an inbox for each engine, and a few more. */
const SUBSCRIPTIONS = 1_000;
/** A nats-server's default maximum payload; the presence of many engines is the longest message of an agent. */
const PAYLOAD_BYTES = 1024 * 1024;

/** What the account of a class exports to the accounts of its agents. A pull has many answers, so its type is Stream. */
export function classExports(): Export[] {
  const answers = { response_type: "Stream", response_threshold: PULL_ANSWERS_SECONDS * NANOSECONDS } as const;
  return [
    { name: "pull", type: "service", subject: pullSubject("*"), ...answers },
    ...ackSubjects("*").map((subject, n) => ({ name: `ack-${n + 1}`, type: "service" as const, subject })),
    { name: "result", type: "service", subject: ALL_AGENT_RESULTS },
    { name: "chunk", type: "service", subject: ALL_CHUNK_READS },
    { name: "bundle", type: "service", subject: ALL_BUNDLE_READS },
    { name: "presence", type: "service", subject: presenceSubject("*") },
    { name: "control", type: "stream", subject: controlSubject("*") },
  ];
}

/** What the account of an agent imports from the account of its class, whose public key is `account`. */
export function agentImports({
  agent,
  engines,
  account,
}: {
  agent: string;
  engines: readonly string[];
  account: string;
}): Import[] {
  const service = (name: string, subject: string, local = subject): Import => ({
    name,
    type: "service",
    account,
    subject,
    local_subject: local,
  });
  return [
    ...engines.flatMap((engine) => [
      service(`pull-${engine}`, pullSubject(engine)),
      ...ackSubjects(engine).map((subject, n) => service(`ack-${n + 1}-${engine}`, subject)),
      service(`result-${engine}`, agentResultSubject(engine, agent), resultSubject(engine)),
    ]),
    service("chunk", ALL_CHUNK_READS),
    service("bundle", ALL_BUNDLE_READS),
    service("presence", presenceSubject(agent)),
    { name: "control", type: "stream", account, subject: controlSubject(agent) },
  ];
}

/** Limits of an agent's account. It stores nothing and exports nothing. */
export const AGENT_LIMITS: NonNullable<Account["limits"]> = {
  conn: CONNECTIONS,
  subs: SUBSCRIPTIONS,
  payload: PAYLOAD_BYTES,
  data: -1,
  leaf: 0,
  imports: -1,
  exports: 0,
  wildcards: false,
  mem_storage: 0,
  disk_storage: 0,
  streams: 0,
  consumer: 0,
};
