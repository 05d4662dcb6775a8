/** The gateways of a mesh, and what waits in the outbox. */

import { hostname } from "node:os";
import { sql } from "kysely";
import { expect, it } from "vitest";
import { startGatewayPresence } from "../../../../gateway/background/gateway-presence.js";
import { ownVersion } from "../../../../schema/version.js";
import { engine } from "../../../stage/puppet-agent.js";
import { until } from "../../../stage/stage.js";
import { prepared, usePuppet, useStage } from "../../../stage/use-stage.js";
import { data } from "../../http/http-client.js";
import { submit } from "../../scan/submitting.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway());
usePuppet(stage, "puppet", [engine("Alpha")]);

interface Shown {
  readonly gatewayId: string;
  readonly diskFree: number;
  readonly memoryBytes: number;
  readonly lastSeenAt: string;
  readonly natsConnected: boolean;
}
const GATEWAYS =
  "{ system { gateways { gatewayId host version nodeVersion startedAt lastSeenAt natsConnected diskFree memoryBytes } } }";
const gateways = async () => (await data<{ system: { gateways: Shown[] } }>(gateway.url, GATEWAYS)).system.gateways;

it("every gateway is listed with what it says of itself, until it stops or says nothing any more", async () => {
  const second = await stage.gateway();
  const both = await until("both are there", async () => {
    const list = await gateways();
    return list.length === 2 ? list : undefined;
  });
  expect(new Set(both.map(({ gatewayId }) => gatewayId)).size).toBe(2);
  for (const one of both) {
    expect(one).toMatchObject({ host: hostname(), version: ownVersion(), nodeVersion: process.versions.node });
    expect(one.diskFree).toBeGreaterThan(0);
    expect(one.memoryBytes).toBeGreaterThan(0);
  }
  await second.stop();
  expect(await gateways()).toHaveLength(1);
  await sql`
    insert into gateways (id, host, version, node_version, started_at, seen_at, nats_connected, memory_bytes)
    values ('killed', 'h', '1', '20', now(), now() - interval '1 minute', true, 1)`.execute(stage.db);
  expect((await gateways()).map(({ gatewayId }) => gatewayId)).not.toContain("killed");
  const third = await stage.gateway();
  await until("it is forgotten", async () => {
    const row = await stage.db.selectFrom("gateways").select("id").where("id", "=", "killed").executeTakeFirst();
    return row === undefined;
  });
  await third.stop();
});

it("a gateway says so when it loses NATS and when it has it again, and does not wait for its next turn", async () => {
  const { context } = gateway;
  let connected = false;
  const bus = { ...context.bus, connected: () => connected };
  const presence = startGatewayPresence({ ...context, bus }, 3_600_000);
  const said = async () =>
    (await gateways())
      .map(({ natsConnected }) => natsConnected)
      .toSorted()
      .join(" ");
  try {
    await until("it is there without NATS", async () => (await said()) === "false true");
    connected = true;
    await until("it has NATS", async () => (await said()) === "true true");
    connected = false;
    await until("it has lost NATS", async () => (await said()) === "false true");
  } finally {
    await presence.stop();
  }
  expect(await said()).toBe("true");
});

it("the outbox's backlog is told, also while NATS is away", async () => {
  const outbox = async () =>
    (await data<{ system: { outbox: object } }>(gateway.url, "{ system { outbox { unpublished held oldest } } }")).system.outbox;
  expect(await outbox()).toEqual({ unpublished: 0, held: 0, oldest: null });
  const { scan } = await submit(gateway.url, { base64: Buffer.from("waits").toString("base64") });
  // It is published at once and marked later.
  expect(await outbox()).toEqual({ unpublished: 0, held: 0, oldest: null });
  await stage.stopNats();
  await sql`
    insert into outbox (scan_id, speed, internet, engine_ids, held, created_at)
    select ${scan.scanId}, 'ULTRA', false, '{1}', held, now() - interval '3 seconds' from unnest(array[false, true, true]) as held`.execute(
    stage.db,
  );
  expect(await outbox()).toEqual({ unpublished: 1, held: 2, oldest: expect.any(String) as unknown });
  await stage.startNats();
});
