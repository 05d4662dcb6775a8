import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import { encodeMessage, type ReturnedRequest } from "../../../schema/messages.js";
import { lockScans } from "../../../gateway/db/results.js";
import { readScan } from "../../../gateway/db/scans.js";
import { submitScan } from "../../../gateway/scan/submit.js";
import { GATEWAY_INBOX_PREFIX, resultSubject } from "../../../schema/subjects.js";
import { engine, startPuppet } from "../../stage/puppet-agent.js";
import { TESTER, until } from "../../stage/stage.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway({ SCANMESH_ACK_WAIT: "60s" }));
const agent = usePuppet(stage, "returner", [engine("Alpha"), engine("Beta")]);

async function* bytes(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

async function submit(text: string, engines: string[]): Promise<number> {
  const sample = { kind: "stream" as const, bytes: bytes(text) };
  return (await submitScan(gateway.context, TESTER, sample, { name: "a", speed: "ALL", internet: false, engines })).scanId;
}

async function giveBack(
  name: string,
  rest: Pick<ReturnedRequest, "scan" | "sequence"> & Partial<ReturnedRequest>,
): Promise<void> {
  const message = { v: 1, agent: "returner", state: "RETURNED", crashes: 0, cause: "STOPPING", ...rest } as const;
  await agent.request(resultSubject(name), encodeMessage(message));
}

const sequenceOf = async (scan: number) => {
  // The newest row: requests that were returned leave theirs empty until the sweep.
  const read = () =>
    stage.db.selectFrom("outbox").select("seq").where("scan_id", "=", scan).orderBy("id", "desc").executeTakeFirst();
  return until("it is recorded as published", async () => (await read())?.seq ?? undefined);
};
const waiting = (scan: number) =>
  stage.db.selectFrom("outbox").select("seq").where("scan_id", "=", scan).where("seq", "is", null).execute();
const hurry = (scan: number) =>
  sql`update outbox set created_at = now() - interval '1 minute' where scan_id = ${scan} and seq is null`.execute(stage.db);
const returns = async () => {
  const { values } = await gateway.context.metrics.requestsReturned.get();
  return values.reduce((sum, { value }) => sum + value, 0);
};

describe("a request that its agent returns", () => {
  it("is published again for its engine alone, with what is known of its crashes, and only once", async () => {
    const scan = await submit("returned", ["Alpha", "Beta"]);
    (await agent.take("Beta", { scan })).ack();
    await agent.answer("Beta", { scan, verdict: "CLEAN" });
    const first = await agent.take("Alpha", { scan });
    expect(first.request.crashes).toBeUndefined();
    const sequence = await sequenceOf(scan);
    const before = await returns();
    for (let n = 0; n < 3; n++) await giveBack("Alpha", { scan, sequence, crashes: 2 });
    first.ack();
    const again = await agent.take("Alpha", { scan });
    expect(again.request).toMatchObject({ scan, engines: ["Alpha"], crashes: 2 });
    again.ack();
    await until("all of them are recorded", async () => (await returns()) === before + 3);
    const rows = await stage.db.selectFrom("outbox").select("engine_ids").where("scan_id", "=", scan).execute();
    expect(rows.filter(({ engine_ids: ids }) => ids.length > 0)).toHaveLength(2);
    await agent.answer("Alpha", { scan, verdict: "CLEAN" });
    await until("it is final", async () => (await readScan(stage.db, scan))?.endDate);
    await expect(agent.take("Alpha", { scan, seconds: 0.3 })).rejects.toThrow("no request");
  });

  it("costs no other that is returned with it if Postgres refuses it", async () => {
    const [refused, other] = [await submit("refused", ["Alpha"]), await submit("not refused", ["Alpha"])];
    const scans = [refused, other];
    const sequences = new Map<number, number>();
    for (const scan of scans) {
      (await agent.take("Alpha", { scan })).ack();
      sequences.set(scan, await sequenceOf(scan));
    }
    await sql`create function refuse() returns trigger language plpgsql as 'begin raise exception ''refused''; end'`.execute(
      stage.db,
    );
    await sql`create trigger refuse before insert on outbox for each row
      when (new.scan_id = ${sql.lit(refused)}) execute function refuse()`.execute(stage.db);
    try {
      await Promise.all(scans.map((scan) => giveBack("Alpha", { scan, sequence: sequences.get(scan) ?? 0 })));
      (await agent.take("Alpha", { scan: other })).ack();
    } finally {
      await sql`drop function refuse cascade`.execute(stage.db);
    }
    (await agent.take("Alpha", { scan: refused })).ack();
    for (const scan of scans) await agent.answer("Alpha", { scan, verdict: "CLEAN" });
    for (const scan of scans) await until("it is final", async () => (await readScan(stage.db, scan))?.endDate);
    expect(await waiting(refused)).toEqual([]);
  });

  it("waits a little when the engine cannot be run now, and is published by any gateway", async () => {
    const scan = await submit("unwell", ["Alpha"]);
    const first = await agent.take("Alpha", { scan });
    await giveBack("Alpha", { scan, sequence: await sequenceOf(scan), cause: "UNAVAILABLE" });
    first.ack();
    const [row] = await until("it waits in the outbox", async () => {
      const rows = await waiting(scan);
      return rows.length === 1 ? rows : undefined;
    });
    expect(row?.seq).toBeNull();
    (await agent.take("Alpha", { scan })).ack();
    await agent.answer("Alpha", { scan, verdict: "CLEAN" });
  });

  it("for want of room is FAILED once every host that has the engine is too small, and waits while one may have room", async () => {
    const other = await startPuppet(stage, "larger", [engine("Alpha")]);
    const size = Buffer.byteLength("large");
    const announce = (own: number | undefined, others: number | undefined) =>
      Promise.all([
        agent.announce([], own === undefined ? {} : { largestSample: own }),
        other.announce([], others === undefined ? {} : { largestSample: others }),
      ]);
    const told = () => gateway.context.fleet.agents().map(({ largestSample }) => largestSample);
    const scan = await submit("large", ["Alpha"]);
    let { message, ack } = await agent.take("Alpha", { scan });
    for (const others of [undefined, size]) {
      await announce(size - 1, others);
      await until("the gateway has heard it", () => JSON.stringify(told()) === JSON.stringify([others, size - 1]));
      await giveBack("Alpha", { scan, sequence: await sequenceOf(scan), cause: "NO_ROOM" });
      ack();
      await until("it waits", async () => (await waiting(scan)).length === 1);
      await hurry(scan);
      ({ message, ack } = await agent.take("Alpha", { scan }));
    }
    expect(message.data.length).toBeGreaterThan(0);
    await announce(size - 1, size - 1);
    await until("the gateway has heard it", () => told().every((largest) => largest === size - 1));
    await giveBack("Alpha", { scan, sequence: await sequenceOf(scan), cause: "NO_ROOM" });
    ack();
    const report = await until("it is final", async () => {
      const found = await readScan(stage.db, scan);
      return found?.endDate ? found : undefined;
    });
    expect(report).toMatchObject({
      verdict: "INCONCLUSIVE",
      results: [{ state: "FAILED", error: `no host has room for ${size} bytes`, cause: "SAMPLE_UNAVAILABLE" }],
    });
    await other.leave();
    await other.close();
  });

  it("of a scan that is final or that does not exist changes nothing", async () => {
    const scan = await submit("final", ["Alpha"]);
    (await agent.take("Alpha", { scan })).ack();
    const sequence = await sequenceOf(scan);
    await agent.answer("Alpha", { scan, verdict: "CLEAN" });
    await until("it is final", async () => (await readScan(stage.db, scan))?.endDate);
    const before = await returns();
    await giveBack("Alpha", { scan, sequence });
    await giveBack("Alpha", { scan: 999_999, sequence: 1 });
    await until("both are recorded", async () => (await returns()) === before + 2);
    expect(await stage.db.selectFrom("outbox").select("id").where("scan_id", "=", scan).execute()).toEqual([]);
  });
});

it("an engine that the mesh does not know has no label of its own in the metrics", async () => {
  const scan = await submit("unknown engine", ["Alpha"]);
  await agent.answer("Made-Up", { scan, verdict: "CLEAN" });
  const labels = async () => (await gateway.context.metrics.results.get()).values.map((value) => value.labels.engine);
  await until("it is counted", async () => (await labels()).includes("unknown"));
  expect(await labels()).not.toContain("made-up");
});

it("gateways' private answers are out of the reach of agents", async () => {
  const refused = new Promise((resolve) => {
    agent.nc.subscribe(`${GATEWAY_INBOX_PREFIX}.>`, { callback: (error) => error && resolve(error) });
  });
  expect(String(await refused)).toMatch(/permissions violation/i);
});

it("a request whose scan somebody has locked holds up no other that is returned", async () => {
  const { context } = gateway;
  const { db } = context;
  // Connections that wait for a lock as long as it takes.
  Object.assign(context, { db: stage.db });
  try {
    const scans = [await submit("locked", ["Alpha"]), await submit("free", ["Alpha"])] as const;
    const [locked, free] = scans;
    const sequences = await Promise.all(scans.map(sequenceOf));
    for (const scan of scans) (await agent.take("Alpha", { scan })).ack();
    await stage.db.transaction().execute(async (tx) => {
      await lockScans(tx, [locked]);
      for (const [i, scan] of scans.entries()) await giveBack("Alpha", { scan, sequence: Number(sequences[i]) });
      const again = await agent.take("Alpha", { scan: free });
      expect(again.request).toMatchObject({ scan: free, engines: ["Alpha"] });
      again.ack();
    });
    const last = await agent.take("Alpha", { scan: locked });
    expect(last.request).toMatchObject({ scan: locked, engines: ["Alpha"] });
    last.ack();
  } finally {
    Object.assign(context, { db });
  }
});
