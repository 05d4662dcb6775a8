/** Hosts that do with their targets what a test says, and gateways that share a database with them. */

import { randomUUID } from "node:crypto";
import { pino } from "pino";
import type { ServedBundles } from "../../../schema/bundle.js";
import type { EnginesBundles } from "../../../schema/bundle-presence.js";
import type { Control } from "../../../schema/control.js";
import type { EnginePresence } from "../../../schema/presence.js";
import type { Database } from "../../../gateway/db/database.js";
import type { PresentAgent } from "../../../gateway/fleet/presence.js";
import type { UpdateContext } from "../../../gateway/updates/context.js";
import { continueUpdates } from "../../../gateway/updates/rollout.js";
import { updateFetched } from "../../../gateway/updates/update-fetched.js";
import { engine as engineOf } from "../../stage/puppet-agent.js";

/** What a host says once it is told of a target. */
export type Reaction = (target: ServedBundles, host: FakeHost) => Partial<EnginesBundles>;

export const serve: Reaction = (target) => ({ state: "SERVING", serving: target, reason: null });
export const fail =
  (reason: string): Reaction =>
  () => ({ state: "FAILED", reason });
export const linger =
  (state: EnginesBundles["state"]): Reaction =>
  () => ({ state });

export interface FakeHost {
  readonly agent: string;
  bundles: EnginesBundles | undefined;
  /** By the digest of the main set's bundle; others are served. */
  readonly reactions: Map<string, Reaction>;
  isThere: boolean;
  healthy: boolean;
  startedAt: string;
}

export interface FakeMesh {
  readonly engine: string;
  readonly engineId: number;
  readonly hosts: Map<string, FakeHost>;
  /** What hosts were told, in order. */
  readonly told: { agent: string; bundles: ServedBundles }[];
  readonly context: UpdateContext;
  /** How long NATS has been there. */
  upMs: number;
  add(agent: string, changes?: Partial<FakeHost>): FakeHost;
  host(agent: string): FakeHost;
  /** A new bundle; its digest. */
  publish(options?: { fetched?: boolean; set?: string }): Promise<string>;
  /** Sweeps so often; each time the hosts react to what they are told. */
  sweep(times?: number): Promise<void>;
  /** The main set's bundle that a host serves. */
  served(agent: string): string | undefined;
}

/** An engine with a name of its own, so that tests share a database. */
export async function createFakeMesh(db: Database): Promise<FakeMesh> {
  const engine = `E${randomUUID().slice(0, 8)}`;
  const { id: engineId } = await db
    .insertInto("engines")
    .values({ name: engine, type: "AV", speed: "FAST", internet: false, input: "file", accepts: null })
    .returning("id")
    .executeTakeFirstOrThrow();
  const hosts = new Map<string, FakeHost>();
  const told: FakeMesh["told"] = [];
  let sequence = 0;

  const present = () => [...hosts.values()].filter(({ isThere }) => isThere).map((host) => presenceOf(engine, host));
  const fleet = { agents: present, presences: present, classOf: () => "isolated" } as unknown as UpdateContext["fleet"];
  const sendControl = (agent: string, control: Control) => {
    if (control.kind === "serve") told.push({ agent, bundles: control.bundles });
    const host = hosts.get(agent);
    if (control.kind !== "serve" || !host?.bundles || !host.isThere) return;
    const main = control.bundles.find(({ set }) => set === "main")?.digest ?? "";
    host.bundles = { ...host.bundles, target: control.bundles };
    host.bundles = { ...host.bundles, ...(host.reactions.get(main) ?? serve)(control.bundles, host) };
  };
  const bus = { account: () => ({ sendControl, connection: { upMs: () => mesh.upMs } }) } as unknown as UpdateContext["bus"];
  const context: UpdateContext = { db, fleet, bus, log: pino({ level: "silent" }), config: { canaryWaitMs: 3_600_000 } };

  const mesh: FakeMesh = {
    engine,
    engineId,
    hosts,
    told,
    context,
    upMs: 3_600_000,
    add(agent, changes = {}) {
      const bundles = { serving: [], target: null, state: "SERVING", reason: null, bytes: 0, total: 0, since: null } as const;
      const host = {
        agent: `${engine}-${agent}`,
        bundles: { ...bundles, serving: [] },
        reactions: new Map(),
        isThere: true,
        healthy: true,
        startedAt: new Date().toISOString(),
        ...changes,
      };
      hosts.set(host.agent, host);
      return host;
    },
    host(agent) {
      const host = hosts.get(`${engine}-${agent}`);
      if (!host) throw new Error(`there is no host ${agent}`);
      return host;
    },
    async publish({ fetched = false, set = "main" } = {}) {
      sequence += 1;
      const digest = (randomUUID() + randomUUID()).replaceAll("-", "");
      const row = { engine_id: engineId, set_name: set, sequence, kind: "FILES" as const, digest, signature: Buffer.from("s") };
      await db
        .insertInto("bundles")
        .values({ ...row, version: `v${sequence}`, size: 100, source: "a test", fetched })
        .execute();
      return digest;
    },
    async sweep(times = 1) {
      for (let n = 0; n < times; n += 1) {
        await updateFetched(context);
        await continueUpdates(context);
      }
    },
    served: (agent) => mesh.host(agent).bundles?.serving.find(({ set }) => set === "main")?.digest,
  };
  return mesh;
}

function presenceOf(name: string, { agent, bundles, healthy, startedAt }: FakeHost): PresentAgent {
  const engine: EnginePresence = engineOf(name, {
    ...(bundles && { bundles }),
    healthy,
    reason: healthy ? null : "it is not well",
  });
  return {
    v: 1,
    agent,
    host: "fake",
    version: "0",
    class: "isolated",
    startedAt,
    heartbeatMs: 2_000,
    state: "READY",
    proofs: [],
    engines: [engine],
    incomplete: false,
    lastHeardAt: new Date(),
  };
}
