import { sql } from "kysely";
import { expect, it } from "vitest";
import { readEngines } from "../../../gateway/db/engines.js";
import { readRequests } from "../../../gateway/db/outbox.js";
import { createRelay } from "../../../gateway/dispatch/relay.js";
import { engine } from "../../stage/puppet-agent.js";
import { until } from "../../stage/stage.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { acceptScan } from "../db/accepting.js";
import { base64, submit } from "../scan/submitting.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway({ SCANMESH_SWEEP_INTERVAL: "1h" }));
const puppet = usePuppet(stage, "puppet", [engine("Alpha")]);

it("a request whose scan is final within a second is never marked", async () => {
  const { context } = gateway;
  const reached: string[] = [];
  const relay = createRelay({ ...context, failpoint: (name) => void reached.push(name) });
  const finals: number[] = [];
  const forget = (scanIds: readonly number[]) => {
    relay.forget(scanIds);
    finals.push(...scanIds);
  };
  const usual = context.relay;
  Object.assign(context, { relay: { ...relay, forget } });
  try {
    const { scanId } = (await submit(gateway.url, { base64: base64("answered at once") })).scan;
    const { request, ack } = await puppet.take("Alpha", { scan: scanId });
    await puppet.answer("Alpha", { scan: request.scan, state: "DONE", verdict: "CLEAN" });
    ack();
    await until("its answer is recorded", () => finals.includes(scanId));
    await relay.idle();
  } finally {
    Object.assign(context, { relay: usual });
  }
  expect(reached).toContain("outbox.before_publish");
  expect(reached).not.toContain("outbox.before_mark");
});

it("requests are marked all the same when Postgres ends a deadlock at the cost of their marks", async () => {
  const { context } = gateway;
  await submit(gateway.url, { base64: base64("scanned three times") });
  const expected = await readEngines(stage.db);
  const scans = [await acceptScan(stage.db, { expected }), await acceptScan(stage.db, { expected })];
  const rows = () => stage.db.selectFrom("outbox").select(["id", "seq"]).where("scan_id", "in", scans).orderBy("id").execute();
  const ids = (await rows()).map(({ id }) => id);
  const relay = createRelay(context);
  await stage.db.transaction().execute(async (tx) => {
    // Whoever looks first whether it waits for itself is aborted.
    await sql`set local deadlock_timeout = '1min'`.execute(tx);
    const lock = (id: number | undefined) => sql`select from outbox where id = ${id} for update`.execute(tx);
    await lock(ids[1]);
    relay.publish(await readRequests(stage.db, ids));
    void relay.idle();
    await until("the marks wait", async () => {
      const waiting = await sql`select from pg_stat_activity where datname = current_database()
        and wait_event_type = 'Lock' and query like '%update outbox set published_at%'`.execute(stage.db);
      return waiting.rows.length > 0;
    });
    await lock(ids[0]);
  });
  expect((await context.metrics.deadlocks.get()).values[0]?.value).toBe(1);
  await relay.idle();
  expect((await rows()).map(({ seq }) => seq)).toEqual([expect.any(Number), expect.any(Number)]);
});
