/** What callers, operators and the dashboard are told while a store's disk takes nothing. */

import { sql } from "kysely";
import { expect, it } from "vitest";
import { PROBE, WRITE_PROBE } from "../../../schema/subjects.js";
import { engine } from "../../stage/puppet-agent.js";
import { PATIENCE_MS, sharedChromium } from "../../stage/chromium.js";
import { until } from "../../stage/stage.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { connectAsGateway } from "../bus/gateway-user.js";
import { ask } from "../http/http-client.js";

const stage = useStage();
/** Takes the place of a function that the probe calls, for connections that are opened from now on. */
const disk = prepared(async () => {
  await sql`create table disk (is_full boolean)`.execute(stage.db);
  await sql`create function pg_logical_emit_message(boolean, text, text) returns void language plpgsql as $$ begin
      if exists (select from disk where is_full) then
        raise exception 'could not extend file: No space left on device' using errcode = '53100';
      end if;
    end $$`.execute(stage.db);
  const name = new URL(stage.databaseUrl).pathname.slice(1);
  await sql`alter database ${sql.id(name)} set search_path = public, pg_catalog`.execute(stage.db);
  return {
    fill: () => sql`insert into disk values (true)`.execute(stage.db),
    empty: () => sql`delete from disk`.execute(stage.db),
  };
});
const gateway = prepared(() => stage.gateway());
usePuppet(stage, "puppet", [engine("Alpha")]);
const bus = prepared(
  () => connectAsGateway(stage),
  (nc) => nc.close(),
);

const browser = prepared(sharedChromium);

const ready = () => ask(`${gateway.url}/readyz`);
const upload = (text: string) => {
  const body = JSON.stringify({ allow_internet: "False", minspeed: 3, sample: btoa(text), sample_name: "a" });
  return ask(`${gateway.url}/api/v1/sample`, { method: "POST", body });
};
const metric = async (line: string) => (await ask(`${gateway.url}/metrics`)).text.split("\n").includes(line);

async function expectFull(store: "NATS" | "Postgres", reason: string, wait: string): Promise<void> {
  const answer = await until("it is not ready", async () => {
    const found = await ready();
    return found.status === 503 ? found : undefined;
  });
  expect(answer.json()).toMatchObject({ status: "unavailable", reason });
  const refused = await upload(`refused by ${store}`);
  expect([refused.status, refused.headers["retry-after"]]).toEqual([503, wait]);
  expect(refused.json()).toEqual({ error: `nothing can be stored now: the disk of ${store} is full or broken` });
  expect((await ask(`${gateway.url}/api/v1/sample`)).status).toBe(200);
  expect(await metric(`scanmesh_store_writable{store="${store.toLowerCase()}"} 0`)).toBe(true);
  const page = await browser.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  await page.goto(gateway.url);
  await page.getByRole("alert").getByText(reason).waitFor();
  await page.close();
}

async function expectRoom(store: "NATS" | "Postgres"): Promise<void> {
  await until("it is ready", async () => (await ready()).status === 200);
  expect((await upload(`taken by ${store}`)).status).toBe(200);
}

it("a full disk under Postgres is named, uploads are refused, and all is well once there is room", async () => {
  await expectRoom("Postgres");
  await disk.fill();
  await expectFull("Postgres", "The disk of Postgres is full or broken: it takes no changes. Free some room.", "2");
  await disk.empty();
  await expectRoom("Postgres");
  expect(await metric('scanmesh_store_writable{store="postgres"} 1')).toBe(true);
});

it("so is a disk under NATS that keeps every write waiting", async () => {
  const jsm = await bus.jetstreamManager();
  await until("the stream of probes is there", () => jsm.streams.info(PROBE).catch(() => undefined));
  await jsm.streams.delete(PROBE);
  // Somebody has the message, and nobody answers.
  const silent = bus.subscribe(WRITE_PROBE);
  const reason = "NATS does not store anything: its disk may be full or broken. Free some room and restart nats-server.";
  await expectFull("NATS", reason, "5");
  silent.unsubscribe();
  await expectRoom("NATS");
  expect(await metric('scanmesh_store_writable{store="nats"} 1')).toBe(true);
});
