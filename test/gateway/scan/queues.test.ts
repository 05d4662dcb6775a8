import { describe, expect, it } from "vitest";
import { readEngineCounts } from "../../../gateway/db/statistics.js";
import { engine } from "../../stage/puppet-agent.js";
import { until } from "../../stage/stage.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { data } from "../http/http-client.js";

const QUEUES = "{ queues { engine { name } complete waiting running redelivered } }";
const ESTIMATES = "{ queues { estimatedWaitMs } }";
const SUBMIT = `mutation($priority: Priority!) { submitScan(input: { base64: "YnVsaw==", priority: $priority }) {
  ... on SubmitScanSuccess { scan { scanId } } ... on MeshUnavailable { message retryAfter } } }`;
const stage = useStage();
const gateway = prepared(() => stage.gateway());
const agent = usePuppet(stage, "puppet", [engine("Alpha"), engine("Beta")]);

async function scan(text: string): Promise<number> {
  const { submitScan } = await data<{ submitScan: { scan: { scanId: number } } }>(
    gateway.url,
    `mutation($base64: String!) { submitScan(input: { base64: $base64 }) { ... on SubmitScanSuccess { scan { scanId } } } }`,
    { base64: Buffer.from(text).toString("base64") },
  );
  return submitScan.scan.scanId;
}

describe("queues", () => {
  const queues = async () =>
    (
      await data<{ queues: Record<string, unknown>[] }>(
        gateway.url,
        "{ queues { engine { name } waiting running redelivered dead agents slots estimatedWaitMs } }",
      )
    ).queues;

  /** With two requests before it, a third one would start in 1 s. */
  async function refusesWhatWouldWait(): Promise<void> {
    const strict = await stage.gateway({ SCANMESH_MAX_WAIT: "900ms" });
    const read = async () => (await data<{ queues: { estimatedWaitMs: number | null }[] }>(strict.url, ESTIMATES)).queues;
    await until("it knows who serves", async () => (await read()).every(({ estimatedWaitMs }) => estimatedWaitMs === 1_000));
    const submit = (priority: string) =>
      data<{ submitScan: { retryAfter?: number; message?: string; scan?: { scanId: number } } }>(strict.url, SUBMIT, {
        priority,
      });
    expect((await submit("NORMAL")).submitScan).toEqual({
      message: expect.stringMatching(/^(Alpha|Beta) would start in about 1 s, and this mesh lets scans wait for 1 s/) as string,
      retryAfter: 1,
    });
    const upload = JSON.stringify({ sample: "YWxwaGE=", sample_name: "a", allow_internet: "False", minspeed: 3 });
    const response = await fetch(`${strict.url}/api/v1/sample`, {
      method: "POST",
      body: upload,
      headers: { "content-type": "application/json" },
    });
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "1"]);
    const { scan: bulk } = (await submit("BULK")).submitScan;
    await data(gateway.url, "mutation($id: SafeInt!) { cancelScan(id: $id) { __typename } }", { id: bulk?.scanId });
    await strict.stop();
  }

  it("tell what waits, what runs, what came back, and who serves it", async () => {
    // What was measured before tells how long one takes.
    const measured = await scan("measured");
    (await agent.take("Alpha", { scan: measured })).ack();
    for (const name of ["Alpha", "Beta"]) await agent.answer(name, { scan: measured, verdict: "CLEAN", durationMs: 500 });
    const mean = async () => (await readEngineCounts(stage.db, { from: new Date(0), to: new Date() }))[0]?.timedMs;
    await until("it is counted", async () => (await mean()) === 500);
    await scan("first in the queue");
    const second = await scan("second in the queue");
    const alpha = async () => (await queues()).find(({ engine: one }) => (one as { name: string }).name === "Alpha");
    expect(await until("both wait", async () => ((await alpha())?.waiting === 2 ? await alpha() : undefined))).toMatchObject({
      waiting: 2,
      running: 0,
      agents: 1,
      slots: 1,
      estimatedWaitMs: 1_000,
    });
    const estimate = async (id: number) => {
      const query = "query($id: SafeInt!) { scan(id: $id) { estimatedWaitMs } }";
      return (await data<{ scan: { estimatedWaitMs: number | null } }>(gateway.url, query, { id })).scan.estimatedWaitMs;
    };
    expect([await estimate(measured), await estimate(second)]).toEqual([0, 1_000]);
    await refusesWhatWouldWait();
    const taken = await agent.take("Alpha");
    expect(await until("one runs", async () => ((await alpha())?.running === 1 ? await alpha() : undefined))).toMatchObject({
      waiting: 1,
    });
    taken.message.respond("-NAK");
    const again = await agent.take("Alpha", { scan: taken.request.scan });
    expect(await until("it came back", async () => (await alpha())?.redelivered === 1)).toBe(true);
    again.ack();
  });

  it("count for an engine only the requests that name it, and none whose scan is over", async () => {
    const waiting = async (name: string) =>
      (await queues()).find(({ engine: one }) => (one as { name: string }).name === name)?.waiting;
    const before = Number(await waiting("Beta"));
    const { submitScan } = await data<{ submitScan: { scan: { scanId: number } } }>(
      gateway.url,
      `mutation { submitScan(input: { base64: "YWxwaGE=", engines: ["Alpha"] }) { ... on SubmitScanSuccess { scan { scanId } } } }`,
    );
    const both = await scan("for both");
    await until("one more waits for Beta", async () => (await waiting("Beta")) === before + 1);
    for (const id of [submitScan.scan.scanId, both]) {
      await data(gateway.url, "mutation($id: SafeInt!) { cancelScan(id: $id) { __typename } }", { id });
    }
    await until("it does not wait any more", async () => (await waiting("Beta")) === before);
    expect(await waiting("Beta")).toBe(before);
  });

  it("count requests that ended their agents five times as dead", async () => {
    const scanId = await scan("deadly");
    await agent.answer("Alpha", { scan: scanId, state: "FAILED", error: "ended its agent five times" });
    await agent.answer("Beta", { scan: scanId, verdict: "CLEAN" });
    const dead = async () => (await queues()).find(({ engine: one }) => (one as { name: string }).name === "Alpha")?.dead;
    expect(await until("it is counted", dead)).toBe(1);
    const later = await scan("deadly in other words");
    await agent.answer("Alpha", { scan: later, state: "FAILED", error: "crashed too often", cause: "CRASHED_REPEATEDLY" });
    await agent.answer("Beta", { scan: later, verdict: "CLEAN" });
    await until("it is counted too", async () => (await dead()) === 2);
  });

  it("tell what Postgres knows while the bus is away, and say that it is not all", async () => {
    await scan("published before");
    const read = async () => (await data<{ queues: { waiting: number; complete: boolean }[] }>(gateway.url, QUEUES)).queues;
    const known = await until("it waits", async () => {
      const all = await read();
      return all.every(({ waiting }) => waiting > 0) ? all : undefined;
    });
    expect(known).toMatchObject([{ complete: true }, { complete: true }]);
    await stage.stopNats();
    const now = await until("it is noticed", async () => {
      const all = await read();
      return all.some(({ complete }) => complete) ? undefined : all;
    });
    for (const [i, queue] of now.entries()) {
      expect(queue).toEqual({ ...known[i], complete: false, waiting: queue.waiting, running: 0, redelivered: 0 });
      expect(queue.waiting).toBeGreaterThanOrEqual(known[i]?.waiting ?? 0);
    }
    await stage.startNats();
    const { bus, samples } = gateway.context;
    await until("the bus is back", () => bus.connected() && samples.connected());
  });
});

it("the system shows versions and how full its stores are, and which account is away", async () => {
  await scan("counted at once");
  const counted = (await stage.db.selectFrom("scans").select("id").execute()).length;
  const query = `{ system { version nodeVersion startedAt database { serverVersion migration bytes scans samples }
    accounts { class connected serverVersion streams { name messages bytes maxBytes } } } }`;
  const { system } = await data<{ system: { accounts: { streams: { name: string; bytes: number }[] }[] } }>(gateway.url, query);
  expect(system).toMatchObject({
    version: expect.stringMatching(/^\d+\.\d+\.\d+/),
    nodeVersion: process.versions.node,
    database: {
      serverVersion: expect.stringMatching(/^\d+/),
      migration: expect.stringMatching(/^\d{4}-/),
      bytes: expect.any(Number),
      scans: counted,
      samples: counted,
    },
    accounts: [
      { class: "ISOLATED", connected: true, serverVersion: expect.stringMatching(/^2\./) },
      { class: "INTERNET", connected: true },
    ],
  });
  expect(system.accounts[0]?.streams.map(({ name }) => name)).toEqual(
    expect.arrayContaining(["SCANS", "SAMPLES", "RESULTS", "KV_AGENTS"]),
  );
  expect(system.accounts[0]?.streams.find(({ name }) => name === "SAMPLES")?.bytes).toBeGreaterThan(0);
  await stage.stopNats();
  await until("it is away", async () => {
    const now = await data<{ system: { accounts: unknown[] } }>(gateway.url, query);
    return JSON.stringify(now.system.accounts).includes('"connected":false,"serverVersion":null,"streams":[]');
  });
  await stage.startNats();
});
