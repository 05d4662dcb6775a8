import { sql } from "kysely";
import { connect, credsAuthenticator } from "nats";
import { readFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { addInternetCopy, findSample } from "../../../gateway/db/samples.js";
import { readScan } from "../../../gateway/db/scans.js";
import { submitScan, type ScanInput } from "../../../gateway/scan/submit.js";
import type { InternetClass } from "../../../schema/classes.js";
import { SAMPLES, SCANS } from "../../../schema/subjects.js";
import { engine, startPuppet, type PuppetAgent } from "../../stage/puppet-agent.js";
import { until, TESTER } from "../../stage/stage.js";
import { prepared, useStage } from "../../stage/use-stage.js";

let isolated: PuppetAgent;
let internet: PuppetAgent;

async function* bytes(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

const submit = (text: string, input: Partial<ScanInput> = {}) =>
  submitScan(
    gateway.context,
    TESTER,
    { kind: "stream", bytes: bytes(text) },
    { name: "a", speed: "ALL", internet: false, ...input },
  );

/** The bus and the sample store have connections of their own. */
const reachable = () => gateway.context.bus.connected() && gateway.context.samples.connected();

const final = (scanId: number) =>
  until(`scan ${scanId} is final`, async () => {
    const report = await readScan(stage.db, scanId);
    return report?.endDate ? report : undefined;
  });

async function stream(account: InternetClass, name: string): Promise<{ messages: number; subjects: string[] }> {
  const authenticator = credsAuthenticator(readFileSync(stage.keys.creds.gateway[account]));
  const nc = await connect({ servers: stage.nats().url, authenticator });
  const { state } = await (await nc.jetstreamManager()).streams.info(name, { subjects_filter: ">" });
  await nc.close();
  return { messages: state.messages, subjects: Object.keys(state.subjects ?? {}) };
}

const stage = useStage();
const gateway = prepared(() => stage.gateway({ SCANMESH_SWEEP_INTERVAL: "100ms" }));

afterAll(async () => {
  await isolated.close();
  await internet.close();
});

it("refuses uploads with a time to come back while the mesh never had an agent, and keeps nothing", async () => {
  await expect(submit("too early")).rejects.toMatchObject({ code: "UNAVAILABLE", status: 503, retryAfter: 10 });
  expect(await stage.db.selectFrom("samples").select("id").execute()).toEqual([]);
  expect((await stream("isolated", SAMPLES)).messages).toBe(0);
  isolated = await startPuppet(stage, "inside", [engine("Alpha"), engine("Beta", { speed: "SLOW", type: "METADATA" })]);
  internet = await startPuppet(stage, "outside", [engine("Net", { internet: true, speed: "FAST", type: "INTEL" })], "internet");
});

describe("deadlines", () => {
  it("ends NO_AGENT where no agent had the engine since the upload, TIMEOUT where one was there", async () => {
    const { scanId } = await submit("overdue");
    await isolated.announce([{}, { healthy: false, reason: "test" }]);
    await until("that is heard", () =>
      gateway.context.fleet.agents().some(({ engines }) => engines.some(({ name, healthy }) => name === "Beta" && !healthy)),
    );
    await gateway.context.fleet.recordPresence();
    // What is recorded of an agent's engines from time to time may have been so between the upload and the announcement.
    await sql`update engines set last_healthy_at = start_date - interval '1 second' from scans
      where scans.id = ${scanId} and engines.name = 'Beta'`.execute(stage.db);
    await until("Alpha is announced after the scan", async () => {
      const rows = await sql<{
        name: string;
      }>`select engines.name from engines, scans where scans.id = ${scanId} and last_healthy_at > start_date`.execute(stage.db);
      return rows.rows.some(({ name }) => name === "Alpha");
    });
    await sql`update scans set deadline = now() where id = ${scanId}`.execute(stage.db);
    const { verdict, results, skipped } = await final(scanId);
    expect(verdict).toBe("INCONCLUSIVE");
    expect(results.map(({ engine, state, error }) => [engine, state, error])).toEqual([
      ["Alpha", "TIMEOUT", "timeout"],
      ["Beta", "NO_AGENT", "no agent"],
    ]);
    expect(skipped).toEqual([{ engine: "Net", reason: "INTERNET_FORBIDDEN" }]);
    await isolated.announce();
  });
});

describe("the internet account", () => {
  it("holds only samples of open scans that allow internet, and the copy is its own", async () => {
    const closed = await submit("isolated only", { engines: ["Alpha"] });
    const open = await submit("may leave", { internet: true, engines: ["Net"] });
    const { request, ack } = await internet.take("Net");
    expect(request.scan).toBe(open.scanId);
    expect((await stream("internet", SAMPLES)).subjects).toEqual([`sample.${request.sample.blob}.0`]);
    expect(Buffer.from((await internet.readChunk(request.sample, 0)) ?? []).toString()).toBe("may leave");
    ack();
    await internet.answer("Net", { scan: open.scanId });
    await final(open.scanId);
    await until("the copy is removed", async () => (await stream("internet", SAMPLES)).messages === 0);
    expect((await stream("isolated", SAMPLES)).subjects).toHaveLength(3);
    const again = await submit("may leave", { internet: true, engines: ["Net"] });
    const second = await internet.take("Net");
    expect(Buffer.from((await internet.readChunk(second.request.sample, 0)) ?? []).toString()).toBe("may leave");
    second.ack();
    await internet.answer("Net", { scan: again.scanId });
    await final(again.scanId);
    (await isolated.take("Alpha")).ack();
    await isolated.answer("Alpha", { scan: closed.scanId, verdict: "CLEAN" });
  });

  it("is given hashes without bytes when its engines ask for no more", async () => {
    const lookup = await startPuppet(
      stage,
      "lookup",
      [engine("Lookup", { internet: true, input: "hash", type: "INTEL" })],
      "internet",
    );
    await until("earlier copies are removed", async () => (await stream("internet", SAMPLES)).messages === 0);
    const { scanId, sample } = await submit("hash only", { internet: true, engines: ["Lookup"] });
    const { request, ack } = await lookup.take("Lookup");
    expect(request.sample).toMatchObject({ sha256: sample.sha256, blob: null });
    expect((await stream("internet", SAMPLES)).messages).toBe(0);
    ack();
    await lookup.answer("Lookup", { scan: scanId });
    await final(scanId);
    await lookup.close();
  });
});

describe("what the bus loses", () => {
  it("publishes again a request that was settled without a result, naming only the engine concerned", async () => {
    const { scanId } = await submit("settled in silence");
    const beta = await isolated.take("Beta");
    beta.ack();
    await isolated.answer("Beta", { scan: scanId });
    (await isolated.take("Alpha")).ack();
    const again = await isolated.take("Alpha", { scan: scanId });
    expect(again.request).toMatchObject({ scan: scanId, engines: ["Alpha"] });
    again.ack();
    await isolated.answer("Alpha", { scan: scanId, verdict: "CLEAN" });
    expect(await final(scanId)).toMatchObject({ verdict: "CLEAN" });
  });

  it("makes streams and durables again when the store is wiped, publishes open requests, and reports lost bytes as lost", async () => {
    const { scanId, sample } = await submit("wiped", { engines: ["Alpha"] });
    (await isolated.take("Alpha", { scan: scanId })).message.respond("-NAK");
    await stage.restartNats("SIGKILL", { wipe: true });
    await until("the bus is back", reachable);
    const { request, ack } = await until("the request is published again", () =>
      isolated.take("Alpha", { scan: scanId, seconds: 2 }).catch(() => undefined),
    );
    expect(request.scan).toBe(scanId);
    expect(await isolated.readChunk(request.sample, 0)).toBeUndefined();
    ack();
    await isolated.answer("Alpha", { scan: scanId, state: "FAILED", error: "chunk 0 is missing" });
    expect(await final(scanId)).toMatchObject({ verdict: "INCONCLUSIVE" });
    const resent = await submit("wiped", { engines: ["Alpha"] });
    expect(resent.sample.sampleId).toBe(sample.sampleId);
    const next = await isolated.take("Alpha", { scan: resent.scanId });
    expect(Buffer.from((await isolated.readChunk(next.request.sample, 0)) ?? []).toString()).toBe("wiped");
    next.ack();
    await isolated.answer("Alpha", { scan: resent.scanId, verdict: "CLEAN" });
    await final(resent.scanId);
  });

  it("refuses uploads while NATS is away, serves reads, and accepts again when it is back", async () => {
    await stage.stopNats();
    await until("the gateway notices", () => !gateway.context.bus.connected());
    await expect(submit("nowhere to keep it")).rejects.toMatchObject({ code: "UNAVAILABLE", status: 503 });
    expect(await readScan(stage.db, 1)).toBeDefined();
    await stage.startNats();
    await until("the gateway has its bus again", reachable);
    const { scanId } = await submit("kept again", { engines: ["Alpha"] });
    (await until("the agent is asked", () => isolated.take("Alpha", { scan: scanId, seconds: 2 }).catch(() => undefined))).ack();
    await isolated.answer("Alpha", { scan: scanId, verdict: "CLEAN" });
    await final(scanId);
  });
});

describe("keeping the streams small", () => {
  it("purges requests that no open scan needs", async () => {
    expect(await until("SCANS is empty", async () => (await stream("isolated", SCANS)).messages === 0)).toBe(true);
  });

  it("removes chunks that no row names after the grace, and no others", async () => {
    const { sample } = await submit("named", { engines: [] });
    const isStored = async () => false;
    await gateway.context.samples.put(bytes("never named"), { limit: 100, isStored });
    const before = await stream("isolated", SAMPLES);
    const impatient = await stage.gateway({ SCANMESH_SWEEP_INTERVAL: "100ms", SCANMESH_ORPHAN_GRACE: "2s" });
    await until("the orphan is gone", async () => (await stream("isolated", SAMPLES)).messages === before.messages - 1);
    const row = await stage.db.selectFrom("samples").select("blob").where("id", "=", sample.sampleId).executeTakeFirstOrThrow();
    expect((await stream("isolated", SAMPLES)).subjects).toContain(`sample.${row.blob}.0`);
    await impatient.stop();
  });
});

describe("a copy in the internet account", () => {
  it("that was made twice at once is found, until neither is needed", async () => {
    const open = await submit("made twice", { internet: true, engines: ["Net"] });
    const { request, ack } = await internet.take("Net", { scan: open.scanId });
    ack();
    const { db, samples } = gateway.context;
    const { blob } = request.sample;
    if (blob === null) throw new Error("the request has no blob");
    const { isolated, sampleId } = (await findSample(db, request.sample.sha256)) ?? {};
    if (!isolated || sampleId === undefined) throw new Error("the sample is not stored");
    expect(await addInternetCopy(db, sampleId, { blob, location: await samples.copyToInternet(isolated) })).toBe(true);
    expect((await stream("internet", SAMPLES)).messages).toBe(2);
    expect(Buffer.from((await internet.readChunk(request.sample, 0)) ?? []).toString()).toBe("made twice");
    await internet.answer("Net", { scan: open.scanId });
    await until("both copies are removed", async () => (await stream("internet", SAMPLES)).messages === 0);
  });
});

it("a scan that Postgres refuses to close, to count or to tell of costs no other", async () => {
  const { rows } = await sql<{ id: number }>`insert into webhooks (url, events, secret)
    values ('http://127.0.0.1:1/', '{SCAN_FINISHED}', ${Buffer.alloc(32)}) returning id`.execute(stage.db);
  const ids: number[] = [];
  for (const text of ["1", "2", "3", "4", "5"]) ids.push((await submit(`refused ${text}`, { engines: ["Alpha"] })).scanId);
  const [, unclosed, uncounted, untold] = ids;
  const refusals = [
    ["update", "scans", "id", unclosed],
    ["delete", "uncounted_scans", "scan_id", uncounted],
    ["delete", "untold_scans", "scan_id", untold],
  ] as const;
  const left = async () => {
    const open = await stage.db.selectFrom("scans").select("id").where("end_date", "is", null).where("id", "in", ids).execute();
    const others = await sql<{ uncounted: number[]; untold: number[] }>`
      select array(select scan_id from uncounted_scans) as uncounted, array(select scan_id from untold_scans) as untold`.execute(
      stage.db,
    );
    return JSON.stringify([open.map(({ id }) => id), others.rows[0]?.uncounted, others.rows[0]?.untold]);
  };
  await stage.db.transaction().execute(async (tx) => {
    await sql`update scans set deadline = now() where id = any(${ids}::bigint[])`.execute(tx);
    await sql`create function refuse() returns trigger language plpgsql as
      'begin raise exception ''this row is damaged'' using errcode = ''XX001''; end'`.execute(tx);
    for (const [change, table, column, id] of refusals) {
      await sql`create trigger refuse before ${sql.raw(change)} on ${sql.table(table)} for each row
        when (old.${sql.ref(column)} = ${sql.lit(id)}) execute function refuse()`.execute(tx);
    }
  });
  try {
    const refused = JSON.stringify([[unclosed], [uncounted], [untold]]);
    await until("all but the refused ones are done", async () => (await left()) === refused);
  } finally {
    await sql`drop function refuse cascade`.execute(stage.db);
  }
  const done = await until("these are done too", async () => ((await left()) === "[[],[],[]]" ? "done" : undefined));
  expect(done).toBe("done");
  await stage.db
    .deleteFrom("webhooks")
    .where("id", "=", rows[0]?.id ?? 0)
    .execute();
});
