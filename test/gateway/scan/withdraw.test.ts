import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { sql } from "kysely";
import { findSample } from "../../../gateway/db/samples.js";
import { readScan } from "../../../gateway/db/scans.js";
import { submitScan } from "../../../gateway/scan/submit.js";
import { cancelScan } from "../../../gateway/scan/withdraw.js";
import { engine, startPuppet } from "../../stage/puppet-agent.js";
import { TESTER, until } from "../../stage/stage.js";
import { bytesOf, startWithdrawStage, type WithdrawStage } from "./withdraw-stage.js";

let here: WithdrawStage;

beforeAll(async () => {
  here = await startWithdrawStage();
});
afterAll(() => here.stop());
afterEach(() => here.settle());

describe("a scan that may stop after some detections", () => {
  it("is final as soon as it has them; the rest is withdrawn with them", async () => {
    const scanId = await here.submit("enough");
    await sql`update scans set stop_after = 1 where id = ${scanId}`.execute(here.stage.db);
    (await here.agent.take("Beta", { scan: scanId })).ack();
    await here.agent.answer("Beta", { scan: scanId });
    await until("Beta's answer is recorded", async () => (await readScan(here.stage.db, scanId))?.done === 1);
    const third = await startPuppet(here.stage, "third", [engine("Gamma")]);
    const { scanId: other } = await submitScan(
      here.gateway.context,
      TESTER,
      { kind: "stream", bytes: bytesOf("enough of three") },
      { name: "a", speed: "ALL", internet: false, engines: ["Alpha", "Beta", "Gamma"] },
    );
    await sql`update scans set stop_after = 1 where id = ${other}`.execute(here.stage.db);
    await here.published(other);
    await third.answer("Gamma", { scan: other, verdict: "SUSPICIOUS", signature: "Odd" });
    const report = await until("it is final", async () => {
      const now = await readScan(here.stage.db, other);
      return now?.endDate ? now : undefined;
    });
    expect(report).toMatchObject({ verdict: "SUSPICIOUS", done: 3, detections: 1, revision: 2 });
    expect(report.results.map(({ state, error }) => [state, error])).toEqual([
      ["CANCELLED", "enough detections"],
      ["CANCELLED", "enough detections"],
      ["DONE", null],
    ]);
    expect(await here.cancellation(other)).toEqual({ v: 1, kind: "cancel", scans: [other] });
    expect((await readScan(here.stage.db, scanId))?.endDate).toBeNull();
    await cancelScan(here.gateway.context, TESTER, scanId);
    await until("nothing waits", async () => (await here.onTheBus("Alpha")).waiting === 0);
    await third.close();
  });

  it.each([
    ["before it has withdrawn the rest", "record.after_commit"],
    ["before the rest is off the bus", "removals.before"],
  ])("loses nothing when the gateway that records the last of them is killed %s", async (_, point) => {
    const scanId = await here.submit(`enough and killed at ${point}`);
    await sql`update scans set stop_after = 1 where id = ${scanId}`.execute(here.stage.db);
    await here.published(scanId);
    await here.gateway.stop();
    const doomed = await here.stage.gatewayProcess({ SCANMESH_FAILPOINT: `${point}:kill` });
    await here.agent.answer("Beta", { scan: scanId, verdict: "INFECTED", signature: "Bad" });
    await until("it is dead", () => doomed.process.signalCode);
    expect((await readScan(here.stage.db, scanId))?.detections).toBe(1);
    expect(await here.onTheBus("Alpha")).toMatchObject({ waiting: 1 });
    here.gateway = await here.stage.gateway();
    await until("its requests are off the bus", async () => (await here.onTheBus("Alpha")).waiting === 0);
    const report = await here.final(scanId);
    expect(report).toMatchObject({ verdict: "INFECTED", done: 2 });
    expect(report.results.map(({ state }) => state)).toEqual(["CANCELLED", "DONE"]);
  });
});

describe("an agent of its own", () => {
  it("ends the program of a cancelled scan and takes the next", async () => {
    const script = 'if grep -q slow "$1"; then sleep 600; fi; printf "stream: OK\\0"';
    const run = `run:\n  process: { command: [sh, -c, '${script}', sluggish, "{file}"] }\n`;
    const manifest = `name: Sluggish\ntype: METADATA\nspeed: FAST\ninternet: false\nslots: 1\noutput: clamd\n${run}`;
    const real = await here.stage.agentProcess({ id: "real", engines: { sluggish: manifest } });
    await until("its engine is expected", async () => {
      const rows = await here.stage.db.selectFrom("engines").select("last_healthy_at").where("name", "=", "Sluggish").execute();
      return rows[0]?.last_healthy_at;
    });
    const scanId = await here.submit("slow", ["Sluggish"]);
    await until("it runs", async () => (await readScan(here.stage.db, scanId))?.results[0]?.state === "SCANNING");
    await cancelScan(here.gateway.context, TESTER, scanId);
    const next = await here.submit("quick", ["Sluggish"]);
    await until("the next is answered", async () => (await readScan(here.stage.db, next))?.results[0]?.state === "DONE");
    expect((await readScan(here.stage.db, scanId))?.results[0]).toMatchObject({ state: "CANCELLED", agent: "real" });
    await real.kill();
  });
});

describe("a scan that is overdue", () => {
  it("is withdrawn: what waits never starts, and the agents are told", async () => {
    const scanId = await here.submit("overdue");
    await here.published(scanId);
    await sql`update scans set deadline = now() where id = ${scanId}`.execute(here.stage.db);
    await until("it is final", async () => (await readScan(here.stage.db, scanId))?.endDate);
    await until("its requests are off the bus", async () => (await here.onTheBus("Alpha")).waiting === 0);
    expect(await here.cancellation(scanId)).toEqual({ v: 1, kind: "cancel", scans: [scanId] });
  });
});

describe("what waits for room", () => {
  it("and is cancelled is never let go", async () => {
    const ahead = [await here.submit("ahead", ["Alpha"]), await here.submit("ahead too", ["Alpha"])];
    for (const scanId of ahead) await here.published(scanId);
    const input = { name: "a", speed: "ALL", internet: false, engines: ["Alpha"], priority: "BULK" } as const;
    const source = { kind: "stream", bytes: bytesOf("bulk") } as const;
    const { scanId } = await submitScan(here.gateway.context, TESTER, source, input);
    const held = async () => {
      const rows = await here.stage.db.selectFrom("outbox").select("held").where("scan_id", "=", scanId).execute();
      return rows.map((row) => row.held);
    };
    expect(await held()).toEqual([true]);
    await cancelScan(here.gateway.context, TESTER, scanId);
    expect(await held()).toEqual([]);
    expect(await here.final(scanId)).toMatchObject({ verdict: "INCONCLUSIVE", results: [{ state: "CANCELLED" }] });
    for (const one of ahead) await cancelScan(here.gateway.context, TESTER, one);
    await here.gateway.context.bulk.release();
    expect(await here.onTheBus("Alpha")).toMatchObject({ waiting: 0 });
  });
});

describe("a scan that is overdue while the bus is away", () => {
  it("is final all the same, and off the bus when that is back", async () => {
    const scanId = await here.submit("overdue and away");
    await here.published(scanId);
    await here.stage.stopNats();
    await until("the gateway notices", () => !here.gateway.context.bus.connected());
    await sql`update scans set deadline = now() where id = ${scanId}`.execute(here.stage.db);
    expect(await here.final(scanId)).toMatchObject({ done: 2 });
    await here.stage.startNats();
    await until("its requests are off the bus", async () => {
      return (await here.onTheBus("Alpha").catch(() => undefined))?.waiting === 0;
    });
    await until(
      "the gateway has its bus again",
      () => here.gateway.context.bus.connected() && here.gateway.context.samples.connected(),
    );
  });
});

describe("a request that vanishes from the bus", () => {
  it("before anybody took it is published again, although its engine has nothing else to do", async () => {
    const scanId = await here.submit("vanished", ["Alpha"]);
    await here.published(scanId);
    const row = await here.stage.db
      .selectFrom("outbox")
      .select(["seq", "stream_created"])
      .where("scan_id", "=", scanId)
      .executeTakeFirstOrThrow();
    await here.gateway.context.bus.account("isolated").removeRequests(row.stream_created ?? "", [row.seq ?? 0]);
    const { request, ack } = await here.agent.take("Alpha", { scan: scanId, seconds: 30 });
    expect(request.engines).toEqual(["Alpha"]);
    ack();
    await here.agent.answer("Alpha", { scan: scanId, verdict: "CLEAN" });
    expect(await here.final(scanId)).toMatchObject({ verdict: "CLEAN" });
  });
});

describe("removing from a stream that was made anew", () => {
  it("touches nothing that stands there by now", async () => {
    const scanId = await here.submit("of the new stream", ["Alpha"]);
    await here.published(scanId);
    const row = await here.stage.db.selectFrom("outbox").select("seq").where("scan_id", "=", scanId).executeTakeFirstOrThrow();
    await here.gateway.context.bus.account("isolated").removeRequests("another stream", [row.seq ?? 0]);
    const { sample } = (await readScan(here.stage.db, scanId)) ?? {};
    const { isolated } = (await findSample(here.stage.db, sample?.sha256 ?? "")) ?? {};
    if (!isolated) throw new Error("the sample is not stored");
    const former = { blob: "01900000-0000-7000-8000-000000000000", location: isolated.location };
    await here.gateway.context.samples.removeCopy("isolated", former);
    const { request } = await here.agent.take("Alpha", { scan: scanId });
    expect(Buffer.from((await here.agent.readChunk(request.sample, 0)) ?? []).toString()).toBe("of the new stream");
    await cancelScan(here.gateway.context, TESTER, scanId);
  });
});
