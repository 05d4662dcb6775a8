import { sql } from "kysely";
import { expect, it } from "vitest";
import { engine } from "../../stage/puppet-agent.js";
import { until } from "../../stage/stage.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { base64, submit } from "../scan/submitting.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway());
usePuppet(stage, "online", [engine("Online", { internet: true })], "internet");

it("few samples are copied to the internet account at once, and none while rows are locked", async () => {
  const { samples } = gateway.context;
  const copy = samples.copyToInternet;
  const atOnce: number[] = [];
  let running = 0;
  const locked: number[] = [];
  samples.copyToInternet = async (what) => {
    atOnce.push(++running);
    const { rows } = await sql`select pid from pg_stat_activity where datname = current_database()
      and state = 'idle in transaction' and query like '%for update of outbox%'`.execute(stage.db);
    locked.push(rows.length);
    // Longer than the sweep leaves requests to the gateway that has accepted them.
    await new Promise((resolve) => setTimeout(resolve, 150));
    running -= 1;
    return copy(what);
  };
  const texts = Array.from({ length: 20 }, (_, i) => `copied ${i}`);
  const options = { internet: true, engines: ["Online"] };
  await Promise.all(texts.map((text) => submit(gateway.url, { base64: base64(text), ...options })));
  await until("all are published", async () => {
    const open = await stage.db.selectFrom("outbox").select("id").where("seq", "is", null).execute();
    return open.length === 0 && atOnce.length >= texts.length;
  });
  samples.copyToInternet = copy;
  expect(Math.max(...atOnce)).toBe(4);
  expect(Math.max(...locked)).toBe(0);
});
