import { sql } from "kysely";
import { expect, it, onTestFinished, vi } from "vitest";
import { engine } from "../../stage/puppet-agent.js";
import { until } from "../../stage/stage.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { base64, submit } from "../scan/submitting.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway());
usePuppet(stage, "online", [engine("Online", { internet: true }), engine("Slow", { internet: true, speed: "SLOW" })], "internet");
usePuppet(stage, "offline", [engine("Offline")]);

const unpublished = () => stage.db.selectFrom("outbox").select(["id", "internet"]).where("seq", "is", null).execute();

it("a sample is copied once for engines of several speeds", async () => {
  const copy = vi.spyOn(gateway.context.samples, "copyToInternet");
  await submit(gateway.url, { base64: base64("needed twice"), internet: true, speed: "ALL", engines: ["Online", "Slow"] });
  await until("both requests are published", async () => (await unpublished()).length === 0);
  expect(await stage.db.selectFrom("outbox").select("id").execute()).toHaveLength(2);
  expect(copy).toHaveBeenCalledTimes(1);
});

it("few samples are copied to the internet account at once, and none while its rows are locked", async () => {
  const { samples } = gateway.context;
  const copy = samples.copyToInternet;
  onTestFinished(() => void Object.assign(samples, { copyToInternet: copy }));
  const atOnce: number[] = [];
  let running = 0;
  const free: number[] = [];
  samples.copyToInternet = async (what) => {
    atOnce.push(++running);
    await until("four are copied at once", () => Math.max(...atOnce) >= 4);
    const { rows } = await sql`select outbox.id from outbox
      join scans on scans.id = scan_id join samples on samples.id = sample_id
      where samples.blob = ${what.blob} for update of outbox skip locked`.execute(stage.db);
    free.push(rows.length);
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
  expect(free).toEqual(free.map(() => 1));
});

it("requests whose copies fail or hang hold up no other, and are published once they have them", async () => {
  const { samples } = gateway.context;
  const copy = samples.copyToInternet;
  onTestFinished(() => void Object.assign(samples, { copyToInternet: copy }));
  const unhandled: unknown[] = [];
  const note = (error: unknown) => void unhandled.push(error);
  process.on("unhandledRejection", note);
  onTestFinished(() => void process.off("unhandledRejection", note));
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  let hanging: string | undefined;
  const failed = new Map<string, number>();
  samples.copyToInternet = async ({ blob }) => {
    hanging ??= blob;
    if (blob === hanging) await released;
    else failed.set(blob, (failed.get(blob) ?? 0) + 1);
    throw new Error("no room for a copy");
  };
  const warn = vi.spyOn(gateway.context.log, "warn");
  const counted = async () => (await gateway.context.metrics.copyFailures.get()).values[0]?.value ?? 0;
  const before = await counted();
  for (const text of ["hangs", "fails", "fails too"])
    await submit(gateway.url, { base64: base64(text), internet: true, engines: ["Online"] });
  await until("both are tried again", () => failed.size === 2 && [...failed.values()].every((times) => times > 3));
  expect(await counted()).toBeGreaterThan(before + 4);
  const message = "cannot copy a sample to the internet account now; it is tried again, and this is logged once";
  const told = warn.mock.calls
    .map(([about, text]) => [String(text), (about as { err?: Error }).err?.message])
    .filter(([text]) => text === message);
  const once = [message, "no room for a copy"];
  expect(told, "each of the two that have failed is told once").toEqual([once, once]);
  // More of them than are read at once, all older than the other.
  await sql`insert into outbox (scan_id, speed, internet, engine_ids, created_at)
    select scan_id, speed, internet, engine_ids, now() - interval '1 minute' from outbox cross join generate_series(1, 200)
    where seq is null and internet limit 250`.execute(stage.db);
  const { scan } = await submit(gateway.url, { base64: base64("isolated"), engines: ["Offline"] });
  await sql`update outbox set seq = null, created_at = now() - interval '1 minute' where scan_id = ${scan.scanId}`.execute(
    stage.db,
  );
  await until("the isolated one is published", async () => (await unpublished()).every(({ internet }) => internet));
  expect((await unpublished()).length).toBeGreaterThan(200);
  samples.copyToInternet = copy;
  release();
  await until("all are published", async () => (await unpublished()).length === 0);
  expect(unhandled).toEqual([]);
});
