import { createClient } from "graphql-ws";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { insertJoinToken } from "../../../gateway/db/join-tokens.js";
import { engine, startPuppet, type PuppetAgent } from "../../stage/puppet-agent.js";
import { until, type LocalGateway } from "../../stage/stage.js";
import { useStage } from "../../stage/use-stage.js";

interface Change {
  readonly revision: number;
  readonly snapshot: boolean;
  readonly agents?: readonly { agent: string; engines: readonly { name: string; healthy: boolean }[] }[];
  readonly engines?: readonly { name: string; enabled: boolean }[];
  readonly gone: readonly { agent?: string; name?: string }[];
}

const AGENTS = "subscription { agentChanged { revision snapshot agents { agent engines { name healthy } } gone { agent } } }";
const ENGINES = "subscription { engineChanged { revision snapshot engines { name enabled } gone { name } } }";

let gateways: LocalGateway[];
let first: PuppetAgent;
const closing: (() => unknown)[] = [];

const stage = useStage();

beforeAll(async () => {
  gateways = [await stage.gateway(), await stage.gateway()];
  first = await startPuppet(stage, "first", [engine("Alpha")]);
  closing.push(first.close);
});

afterAll(async () => {
  for (const close of closing.toReversed()) await close();
});

/** Reads changes from a gateway, and can go on at another. */
function watch(gateway: LocalGateway | undefined, query: string) {
  const client = createClient({
    url: `${gateway?.url.replace("http", "ws")}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
  });
  closing.push(() => client.dispose());
  const items = client.iterate<Record<string, Change>>({ query });
  return {
    async next(): Promise<Change> {
      const { value } = (await items.next()) as { value: { data: Record<string, Change> } };
      return Object.values(value.data)[0] as Change;
    },
    /** Reads on until a change says what is waited for. */
    async until(what: (change: Change) => boolean): Promise<Change> {
      for (;;) {
        const change = await this.next();
        if (what(change)) return change;
      }
    },
    close: () => client.dispose(),
  };
}

describe("agentChanged", () => {
  it("shows who is there, then who comes, changes and leaves, in every gateway", async () => {
    await until("both gateways know the first", () => gateways.every(({ context }) => context.fleet.agents().length === 1));
    const watches = gateways.map((gateway) => watch(gateway, AGENTS));
    const start = await Promise.all(watches.map((one) => one.next()));
    for (const change of start) {
      expect(change).toMatchObject({ snapshot: true, agents: [{ agent: "first", engines: [{ name: "Alpha", healthy: true }] }] });
    }
    const second = await startPuppet(stage, "second", [engine("Beta")]);
    closing.push(second.close);
    for (const [i, one] of watches.entries()) {
      const come = await one.until(({ agents }) => agents?.some(({ agent }) => agent === "second") ?? false);
      expect(come).toMatchObject({ snapshot: false, gone: [] });
      expect(come.agents?.map(({ agent }) => agent)).not.toContain("first");
      expect(come.revision).toBeGreaterThan(start[i]?.revision ?? Infinity);
    }
    await second.announce([{ healthy: false, reason: "no signatures" }]);
    for (const one of watches) await one.until(({ agents }) => agents?.[0]?.engines[0]?.healthy === false);
    await second.leave();
    for (const one of watches)
      expect(await one.until(({ gone }) => gone.length > 0)).toMatchObject({ gone: [{ agent: "second" }] });
    await Promise.all(watches.map((one) => one.close()));
    await until("nobody watches any more", () => gateways.every(({ context }) => context.fleetWatches.agents.count() === 0));
  });

  it("shows everything again to who comes back, at another gateway too", async () => {
    const before = watch(gateways[0], AGENTS);
    await before.next();
    await before.close();
    const third = await startPuppet(stage, "third", [engine("Gamma")]);
    closing.push(third.close);
    await until("the other gateway knows it", () => gateways[1]?.context.fleet.agents().length === 2);
    const after = await watch(gateways[1], AGENTS).next();
    expect(after.snapshot).toBe(true);
    expect(after.agents?.map(({ agent }) => agent)).toEqual(["first", "third"]);
  });
});

describe("engineChanged", () => {
  it("shows the catalogue, then what changes of it, wherever it was changed", async () => {
    const one = watch(gateways[0], ENGINES);
    const start = await one.next();
    expect(start.snapshot).toBe(true);
    expect(start.engines).toContainEqual({ name: "Alpha", enabled: true });
    await stage.db.updateTable("engines").set({ enabled: false }).where("name", "=", "Alpha").execute();
    const change = await one.until(({ engines }) => engines?.some(({ enabled }) => !enabled) ?? false);
    expect(change).toMatchObject({ snapshot: false, engines: [{ name: "Alpha", enabled: false }], gone: [] });
  });

  it("gives who has missed changes everything as it is by then", async () => {
    const board = gateways[0]?.context.fleetWatches.engines;
    if (!board) throw new Error("there is no gateway");
    await stage.db.updateTable("engines").set({ enabled: false }).where("name", "=", "Alpha").execute();
    const slow = board.watch();
    expect((await slow.next()).value).toMatchObject({ snapshot: true });
    const quick = board.watch();
    await quick.next();
    for (const enabled of [true, false]) {
      await stage.db.updateTable("engines").set({ enabled }).where("name", "=", "Alpha").execute();
      board.invalidate();
      expect((await quick.next()).value).toMatchObject({ snapshot: false, items: [{ name: "Alpha", enabled }] });
    }
    const { value } = await slow.next();
    expect(value).toMatchObject({ snapshot: true });
    expect(value?.items.find(({ name }) => name === "Alpha")).toMatchObject({ enabled: false });
    await Promise.all([slow.return(), quick.return()]);
  });
});

describe("what is told whole", () => {
  const TOKEN = "0123456789abcdef";

  /** The events of a subscription with one field, each as a text. */
  function follow(field: string) {
    const client = createClient({
      url: `${gateways[0]?.url.replace("http", "ws")}/graphql`,
      webSocketImpl: WebSocket,
      retryAttempts: 0,
    });
    closing.push(() => client.dispose());
    const items = client.iterate<Record<string, unknown>>({ query: `subscription { ${field} }` });
    /** Reads on until an event has this in it, and returns it. */
    return async (awaited: string): Promise<string> => {
      for (;;) {
        const text = JSON.stringify((await items.next()).value);
        if (text.includes("errors") || text.includes(awaited)) return text;
      }
    };
  }

  it("agents that are gone, join tokens, restarts and settings are told at once, and again after each change", async () => {
    const { db } = stage;
    const gone = follow("goneAgentsUpdated { agent }");
    expect(await gone("goneAgentsUpdated")).not.toContain("leaving");
    const leaving = await startPuppet(stage, "leaving", [engine("Alpha")]);
    closing.push(leaving.close);
    await until("it is remembered", () =>
      db.selectFrom("agents").select("agent").where("agent", "=", "leaving").executeTakeFirst(),
    );
    await leaving.leave();
    expect(await gone("leaving")).toContain("leaving");

    const [usable, all] = [follow("joinTokensUpdated { id used }"), follow("joinTokensUpdated(ended: true) { id used }")];
    const keys = { storedKey: Buffer.alloc(32), serverKey: Buffer.alloc(32) };
    for (const tokens of [usable, all]) expect(await tokens("[]")).toContain("[]");
    const token = {
      class: "isolated",
      namePattern: null,
      ephemeral: false,
      uses: 1,
      ttlSeconds: 60,
      id: TOKEN,
      ...keys,
    } as const;
    await db.transaction().execute((tx) => insertJoinToken(tx, token));
    for (const tokens of [usable, all]) expect(await tokens(TOKEN)).toContain(TOKEN);
    await db.updateTable("join_tokens").set({ used: 1 }).execute();
    expect(await usable("[]")).toContain("[]");
    expect(await all('"used":1')).toContain(TOKEN);

    const [settings, restart] = [follow("agentSettingsUpdated { agent applied }"), follow("rollingRestartUpdated { agents }")];
    expect(await settings("[]")).toContain("[]");
    expect(await restart("null")).toContain("null");
  });

  it("heartbeats, for those who ask for them", async () => {
    const heartbeats = watch(
      gateways[0],
      "subscription { agentChanged(heartbeats: true) { snapshot agents { agent lastHeardAt } gone { agent } } }",
    );
    const { agents } = await heartbeats.next();
    const heardAt = JSON.stringify(agents?.find(({ agent }) => agent === "first"));
    await first.announce();
    const isHeardAnew = (one: { agent: string }) => one.agent === "first" && JSON.stringify(one) !== heardAt;
    expect(await heartbeats.until((change) => change.agents?.some(isHeardAnew) ?? false)).toMatchObject({ gone: [] });
  });

  it("whether the gateway can serve, and the parts of the mesh", async () => {
    const gateway = gateways[0];
    const [readiness, system] = [
      follow("readinessUpdated { ready reason }"),
      follow("systemUpdated { version gateways { host } outbox { held } }"),
    ];
    expect(await readiness('"reason":null')).toContain('{"ready":true,"reason":null}');
    expect(await system("held")).toContain('"held":0');
    await sql`alter table kysely_migration rename to hidden`.execute(stage.db);
    try {
      expect(await readiness("false")).toContain('{"ready":false,"reason":"migrations are missing');
    } finally {
      await sql`alter table hidden rename to kysely_migration`.execute(stage.db);
    }
    expect(await readiness('"ready":true')).toContain('"reason":null');
    expect(gateway?.context.meshWatches.system.count()).toBe(1);
  });
});
