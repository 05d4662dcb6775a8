import { sql } from "kysely";
import pg from "pg";
import { expect, it } from "vitest";
import { removeSettled } from "../../../gateway/db/sweep.js";
import { engine } from "../../stage/puppet-agent.js";
import { until } from "../../stage/stage.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { data } from "../http/http-client.js";
import { base64, submit } from "../scan/submitting.js";
import { CREATE_WEBHOOK, startReceiver, type CreatedWebhook } from "./webhook-receiver.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway({ SCANMESH_WEBHOOK_NETWORKS: "127.0.0.0/8" }));
const agent = usePuppet(stage, "puppet", [engine("Alpha")]);
const receiver = prepared(startReceiver, ({ close }) => close());

let made = 0;
async function finished(): Promise<number> {
  const { scan } = await submit(gateway.url, { base64: base64(`final ${++made}`) });
  const scanId = Number(scan["scanId"]);
  await agent.answer("Alpha", { scan: scanId, verdict: "CLEAN", inspector: "1" });
  return scanId;
}

const told = () =>
  receiver.received.map(({ body }) => (JSON.parse(body) as { data: { scan: { scanId: number } } }).data.scan.scanId);
async function counted(): Promise<number> {
  const { rows } = await sql<{ scans: number }>`
    select coalesce(sum(inconclusive + clean + suspicious + infected), 0)::int as scans from hourly_scans`.execute(stage.db);
  return rows[0]?.scans ?? 0;
}

it("every scan is told and counted once, although the clock steps back and other sessions' transactions stay open", async () => {
  const before = await counted();
  await data<{ createWebhook: CreatedWebhook }>(gateway.url, CREATE_WEBHOOK, {
    input: { url: receiver.url, events: ["SCAN_FINISHED"] },
  });
  const idle = new pg.Client({ connectionString: stage.databaseUrl, application_name: "scanmesh" });
  await idle.connect();
  await idle.query("begin");
  await idle.query("create temp table held (id int)");
  const first = await finished();
  await until("the first is told", () => told().includes(first));
  const later = await finished();
  // What a clock that has stepped back does to the end dates of the scans before.
  await sql`update scans set end_date = end_date + interval '6 minutes' where id = ${first}`.execute(stage.db);
  const last = await finished();
  await until("all are told", () => told().length >= 3);
  await until("all are counted", async () => (await counted()) === before + 3);
  expect(told().toSorted((a, b) => a - b)).toEqual([first, later, last]);
  await idle.query("rollback");
  await idle.end();
});

it("a webhook that hears of detections only is noted for scans that have one", async () => {
  const undo = new Error("undone");
  for (const [verdict, events] of [
    ["CLEAN", ["{SCAN_FINISHED}"]],
    ["SUSPICIOUS", ["{SCAN_DETECTED}", "{SCAN_FINISHED}"]],
  ] as const) {
    const { scan } = await submit(gateway.url, { base64: base64(`noted ${verdict}`) });
    const noted = stage.db.transaction().execute(async (tx) => {
      await sql`insert into webhooks (url, events, secret) values ('https://a.example', '{SCAN_DETECTED}', repeat('s', 24)::bytea)`.execute(
        tx,
      );
      await sql`update scans set end_date = now(), verdict = ${verdict}, done = total where id = ${Number(scan["scanId"])}`.execute(
        tx,
      );
      const { rows } = await sql<{ events: string }>`
        select events::text from untold_scans join webhooks on webhooks.id = webhook_id order by 1`.execute(tx);
      expect(rows.map((row) => row.events)).toEqual(events);
      throw undo;
    });
    await expect(noted).rejects.toBe(undo);
  }
});

it("deliveries that are due go out although new ones cannot be entered", async () => {
  receiver.reset();
  await sql`alter table untold_scans rename to untold_scans_gone`.execute(stage.db);
  await sql`update webhook_deliveries set state = 'PENDING', next_attempt_at = now()`.execute(stage.db);
  await until("they are sent again", () => receiver.received.length >= 3);
  await sql`alter table untold_scans_gone rename to untold_scans`.execute(stage.db);
  expect(new Set(told()).size).toBe(3);
});

it("a request that somebody holds does not hold up the sweep", async () => {
  const { scan } = await submit(gateway.url, { base64: base64("held") });
  const holder = new pg.Client({ connectionString: stage.databaseUrl });
  await holder.connect();
  await holder.query("begin");
  await holder.query("select from outbox where scan_id = $1 for update", [scan["scanId"]]);
  await sql`update scans set end_date = now(), verdict = 'CLEAN', done = total where id = ${Number(scan["scanId"])}`.execute(
    stage.db,
  );
  expect(await removeSettled(stage.db)).toBeUndefined();
  await holder.query("rollback");
  await holder.end();
  await removeSettled(stage.db);
  const left = await stage.db.selectFrom("outbox").select("id").where("scan_id", "=", Number(scan["scanId"])).execute();
  expect(left).toEqual([]);
});
