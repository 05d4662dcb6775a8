/** What an agent says of itself, written by hand, so that it can say anything. */

import { headers, type NatsConnection } from "nats";

export function presenceOf(agent: string, internet: "isolated" | "internet", engines: readonly unknown[]) {
  return {
    v: 1,
    agent,
    host: "faults",
    version: "0",
    class: internet,
    sealing: 1,
    startedAt: new Date().toISOString(),
    heartbeatMs: 5_000,
    state: "READY",
    proofs: [],
    engines,
  };
}

export function engineOf(name: string, more: Record<string, unknown> = {}) {
  return {
    name,
    type: "METADATA",
    speed: "FAST",
    internet: false,
    input: "file",
    accepts: null,
    versions: { engine: "1", signatures: null, signatureDate: null },
    image: null,
    slots: 1,
    busy: 0,
    runner: "faults",
    healthy: true,
    reason: null,
    testedAt: null,
    warnings: [],
    ...more,
  };
}

/** Puts the value of an agent's key; the bus must take it. */
export async function announce(nc: NatsConnection, agent: string, value: unknown): Promise<void> {
  const bytes = value instanceof Uint8Array ? value : Buffer.from(typeof value === "string" ? value : JSON.stringify(value));
  await nc.request(`$KV.AGENTS.${agent}`, bytes, { timeout: 5_000 });
}

/** Deletes it, as an agent that leaves. */
export async function withdraw(nc: NatsConnection, agent: string): Promise<void> {
  const deletion = headers();
  deletion.set("KV-Operation", "DEL");
  await nc.request(`$KV.AGENTS.${agent}`, undefined, { headers: deletion, timeout: 5_000 });
}
