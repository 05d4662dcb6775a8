import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { requeueLost } from "../../../gateway/db/sweep.js";
import { selectFitting } from "../../../gateway/dispatch/bulk.js";
import { retryResult } from "../../../gateway/scan/rescan.js";
import { engine, startPuppet, type PuppetAgent } from "../../stage/puppet-agent.js";
import { startStage, TESTER, until, type LocalGateway, type Stage } from "../../stage/stage.js";
import { base64, shown, submit } from "../scan/submitting.js";

describe("of held requests", () => {
  const request = (outboxId: number, engineIds: number[]) => ({ outboxId, engineIds, speed: "FAST", internet: false }) as const;

  it("the oldest go, as many as there is room for", () => {
    const held = [request(1, [7]), request(2, [7]), request(3, [7])];
    expect(selectFitting(held, new Map([[7, 2]]))).toEqual([1, 2]);
    expect(selectFitting(held, new Map([[7, -1]]))).toEqual([]);
  });

  it("one goes when each of its engines that is there has room", () => {
    const held = [request(1, [7, 8]), request(2, [8]), request(3, [7, 9])];
    const room = new Map([
      [7, 0],
      [8, 1],
    ]);
    expect(selectFitting(held, room)).toEqual([2]);
    expect(selectFitting(held, new Map([[7, 5]]))).toEqual([1, 3]);
  });
});

describe("a BULK scan", () => {
  let stage: Stage;
  let gateway: LocalGateway;
  let other: LocalGateway;
  let agent: PuppetAgent;

  beforeAll(async () => {
    stage = await startStage();
    gateway = await stage.gateway();
    other = await stage.gateway();
    agent = await startPuppet(stage, "puppet", [engine("Alpha", { slots: 2 })]);
  });

  afterAll(async () => {
    await agent.close();
    await stage.stop();
  });

  const send = async (priority: "NORMAL" | "BULK", text: string, url = gateway.url) =>
    (await submit(url, { base64: base64(text), priority })).scan.scanId;
  const waiting = async () => (await gateway.context.bus.account("isolated").durableState("Alpha"))?.pending;
  const held = async () => (await stage.db.selectFrom("outbox").select("id").where("held", "=", true).execute()).length;
  const takeAndAnswer = async () => {
    const { request, ack } = await agent.take("Alpha");
    ack();
    await agent.answer("Alpha", { scan: request.scan, verdict: "CLEAN" });
    return request.scan;
  };

  it("waits until less than two slots' worth waits for its engine; a NORMAL one goes before those that wait", async () => {
    const bulk: number[] = [];
    for (let i = 0; i < 10; i++) {
      bulk.push(await send("BULK", `bulk ${i}`, i % 2 === 0 ? gateway.url : other.url));
      // Gateways publish beside each other, so what is let go has an order only once it is published.
      if (i < 4) await until("it is let go", async () => (await waiting()) === i + 1);
    }
    await until("two slots' worth is let go", async () => (await waiting()) === 4 && (await held()) === 6);
    expect(await shown(gateway.url, bulk[9] as number)).toMatchObject({ priority: "BULK", done: 0, total: 1 });
    const normal = await send("NORMAL", "normal");
    await until("the normal one does not wait", async () => (await waiting()) === 5);
    expect(await held()).toBe(6);

    const order: number[] = [];
    for (let taken = 1; taken <= 11; taken++) {
      order.push(await takeAndAnswer());
      await until("what there is room for follows", async () => (await waiting()) === Math.min(4, 11 - taken));
    }
    expect(order).toEqual([...bulk.slice(0, 4), normal, ...bulk.slice(4)]);
    for (const id of [...bulk, normal]) await until("it is final", async () => (await shown(other.url, id)).endDate !== null);
    expect(await held()).toBe(0);
  });

  it("waits as well when one of its engines is asked again", async () => {
    const first = await send("BULK", "again in bulk");
    await takeAndAnswer();
    await until("it is final", async () => (await shown(gateway.url, first)).endDate !== null);
    const normal: number[] = [];
    for (let i = 0; i < 4; i++) {
      normal.push(await send("NORMAL", `before it ${i}`));
      // A gateway publishes two batches beside each other, so the next one could overtake this one.
      await until("it waits for its engine", async () => (await waiting()) === i + 1);
    }
    const { scanId } = await retryResult(gateway.context, TESTER, first, "Alpha");
    await gateway.context.bulk.release();
    expect([await held(), await waiting()]).toEqual([1, 4]);
    const order: number[] = [];
    for (let taken = 1; taken <= 5; taken++) order.push(await takeAndAnswer());
    expect(order).toEqual([...normal, scanId]);
    for (const id of order) await until("it is final", async () => (await shown(other.url, id)).endDate !== null);
    expect(await held()).toBe(0);
  });

  it("and any other is not taken for lost when it was published while the sweep was asking the bus", async () => {
    const scanId = await send("NORMAL", "published meanwhile");
    const row = await until("it is published", () =>
      stage.db
        .selectFrom("outbox")
        .select(["seq", "published_at", "stream_created"])
        .where("scan_id", "=", scanId)
        .where("seq", "is not", null)
        .executeTakeFirst(),
    );
    const lost = (asOf: Date) => {
      const seen = {
        asOf,
        internet: false,
        stream: row.stream_created ?? "",
        lastSeq: (row.seq ?? 0) - 1,
        settledUpTo: new Map(),
      };
      return stage.db.transaction().execute((tx) => requeueLost(tx, seen, { limit: 10, except: [], took: () => undefined }));
    };
    expect(await lost(row.published_at ?? new Date())).toEqual([]);
    expect(await lost(new Date(Date.now() + 60_000))).toHaveLength(1);
    expect(await takeAndAnswer()).toBe(scanId);
  });

  it("is let go by another gateway when its own is killed", async () => {
    const doomed = await stage.gatewayProcess({ SCANMESH_FAILPOINT: "outbox.after_commit:kill" });
    await submit(doomed.url, { base64: base64("orphaned"), priority: "BULK" }).catch(() => undefined);
    await doomed.kill();
    const [scan] = await stage.db.selectFrom("scans").select("id").orderBy("id", "desc").limit(1).execute();
    expect(await takeAndAnswer()).toBe(scan?.id);
  });

  it("is final by its deadline, whether or not it was let go", async () => {
    await agent.leave();
    await until(
      "no agent is there",
      () => gateway.context.fleet.agents().length === 0 && other.context.fleet.agents().length === 0,
    );
    const { scan } = await submit(gateway.url, { base64: base64("nobody comes"), priority: "BULK", deadline: 10 });
    expect(await held()).toBe(1);
    await stage.db.updateTable("scans").set({ deadline: new Date() }).where("id", "=", scan.scanId).execute();
    const closed = await until("it is final", async () => {
      const now = await shown(gateway.url, scan.scanId);
      return now.endDate ? now : undefined;
    });
    expect(closed).toMatchObject({ verdict: "INCONCLUSIVE", results: [{ state: "NO_AGENT" }] });
    expect(await held()).toBe(0);
  });
});
