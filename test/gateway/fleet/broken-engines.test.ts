import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { stringify } from "yaml";
import { closeUnserved, UNSERVED_BATCH } from "../../../gateway/background/unserved.js";
import { createRowBatches } from "../../../gateway/batches/row-batches.js";
import { readEngines } from "../../../gateway/db/engines.js";
import { engine, startPuppet, type PuppetAgent } from "../../stage/puppet-agent.js";
import { until } from "../../stage/stage.js";
import { prepared, useStage } from "../../stage/use-stage.js";
import { data } from "../http/http-client.js";
import { base64, shown, submit } from "../scan/submitting.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway());
const agents: PuppetAgent[] = [];

const FAULT = { healthy: false, reason: "clamd is gone", cause: "FAULT", testedAt: new Date().toISOString() } as const;
const STARTING = { healthy: false, reason: "it is starting", cause: "STARTING", testedAt: null } as const;

afterEach(async () => {
  for (const agent of agents.splice(0)) {
    await agent.leave();
    await agent.close();
  }
});

async function agentOf(id: string, ...engines: Parameters<typeof startPuppet>[2]): Promise<PuppetAgent> {
  const agent = await startPuppet(stage, id, engines);
  agents.push(agent);
  return agent;
}

const available = async (name: string) => (await readEngines(stage.db)).find((one) => one.name === name)?.available;
const heard = (id: string, healthy: boolean) =>
  until(
    `${id} is heard`,
    () => gateway.context.fleet.agents().find(({ agent }) => agent === id)?.engines[0]?.healthy === healthy,
  );
const scanWith = async (name: string, rest: object = {}) =>
  (await submit(gateway.url, { base64: base64(`${name} ${Math.random()}`), engines: [name], ...rest })).scan.scanId;
const resultOf = async (scan: number) => (await shown(gateway.url, scan)).results[0];
const errorOf = async (scan: number) =>
  (await stage.db.selectFrom("results").select("error").where("scan_id", "=", scan).executeTakeFirst())?.error;
/** As five seconds later: long enough to give up an engine at once, and to end what waits for it. */
async function fiveSecondsLater(): Promise<void> {
  const later = performance.now() + 5_000;
  vi.spyOn(performance, "now").mockImplementation(() => later);
  await gateway.context.fleet.recordPresence();
  await gateway.context.fleet.recordPresence();
  vi.restoreAllMocks();
  // The gateway is to have the right time again.
  await gateway.context.fleet.recordPresence();
  await gateway.context.fleet.recordPresence();
  await stage.db
    .updateTable("engines")
    .set({ broken_since: new Date(Date.now() - 5_000) })
    .where("broken_since", "is not", null)
    .execute();
  await closeUnserved(gateway.context, createRowBatches(UNSERVED_BATCH, gateway.context.log, "scan"));
}

describe("an engine that works on no agent that has it", () => {
  it("is not expected any more, and ends what waits for it with the reason; a late answer counts, and well again it is expected", async () => {
    const agent = await agentOf("one", engine("Broken"));
    const scan = await scanWith("Broken");
    const patient = await scanWith("Broken", { priority: "BULK" });
    await agent.announce([FAULT]);
    await until("it is given up", async () => (await available("Broken")) === false);
    const ended = await until("the scan ends", async () => {
      const now = await shown(gateway.url, scan);
      return now.endDate !== null && now;
    });
    expect(ended).toMatchObject({ verdict: "INCONCLUSIVE", results: [{ state: "NO_AGENT" }] });
    expect(await errorOf(scan)).toBe("it works on no agent that has it: clamd is gone");
    expect(await resultOf(patient), "BULK scans are in no hurry").toMatchObject({ state: "QUEUED" });
    const query = `query ($id: SafeInt!) { scan(id: $id) { proof { text } results { fault } } }`;
    expect(await data(gateway.url, query, { id: patient }), "and say why it does not work").toEqual({
      scan: {
        proof: { text: "No verdict yet: still waiting for Broken (queued; it works on no agent that has it: clamd is gone)" },
        results: [{ fault: "clamd is gone" }],
      },
    });
    await expect(submit(gateway.url, { base64: base64("late"), engines: ["Broken"] })).resolves.toMatchObject({
      code: "UNAVAILABLE",
    });
    await agent.answer("Broken", { scan, verdict: "CLEAN" });
    await until("the late answer counts", async () => (await shown(gateway.url, scan)).verdict === "CLEAN");
    await agent.announce();
    await until("it is expected again", () => available("Broken"));
  });

  it("is waited for by what an agent has begun and is still at work on", async () => {
    const agent = await agentOf("busy", engine("Busy"));
    const scan = await scanWith("Busy");
    await agent.answer("Busy", { scan, state: "SCANNING" });
    await until("it has begun", async () => (await resultOf(scan))?.state === "SCANNING");
    await agent.announce([{ ...FAULT, busy: 1 }]);
    await until("it is given up", async () => (await available("Busy")) === false);
    await fiveSecondsLater();
    expect(await resultOf(scan)).toMatchObject({ state: "SCANNING" });
    await agent.announce([FAULT]);
    await until("nobody is at work on it", async () => (await resultOf(scan))?.state === "NO_AGENT");
  });
});

describe("an engine is expected and waited for", () => {
  it("while it is being started", async () => {
    const agent = await agentOf("starts", engine("Starts"));
    const scan = await scanWith("Starts");
    await agent.announce([STARTING]);
    await heard("starts", false);
    await fiveSecondsLater();
    expect([await available("Starts"), (await resultOf(scan))?.state]).toEqual([true, "QUEUED"]);
  });

  it("while an agent on which it worked is away for a moment, or about to leave, although it is broken on another", async () => {
    const first = await agentOf("first", engine("Shared"));
    const second = await agentOf("second", engine("Shared", FAULT));
    await heard("second", false);
    const scan = await scanWith("Shared");
    await first.announce([], { state: "DRAINING" });
    await fiveSecondsLater();
    expect(await available("Shared"), "its agent drains").toBe(true);
    await first.leave();
    await fiveSecondsLater();
    expect([await available("Shared"), (await resultOf(scan))?.state]).toEqual([true, "QUEUED"]);
    await first.announce([FAULT]);
    await until("it is back, and broken", async () => (await available("Shared")) === false);
    await second.announce();
  });
});

it("an engine whose program is gone when its agent comes back is not waited for until the deadline", async () => {
  const tool = join(stage.folder, "tool");
  await writeFile(tool, "#!/bin/sh\nprintf 'stream: OK\\0'\n", { mode: 0o755 });
  const process = { command: [tool, "{file}"], detect: tool };
  const manifest = {
    name: "Tool",
    type: "METADATA",
    speed: "FAST",
    internet: false,
    timeout: "10s",
    output: "clamd",
    run: { process },
  };
  const options = { id: "host", engines: { tool: stringify(manifest) } };
  const before = await stage.agentProcess(options);
  await until("it is expected", () => available("Tool"));
  await scanWith("Tool");
  await until("it has given a result", async () => (await readEngines(stage.db)).find(({ name }) => name === "Tool")?.answered);
  await before.kill("SIGTERM");
  const scan = await scanWith("Tool");
  await rm(tool);
  const after = await stage.agentProcess(options);
  await until("it is not waited for", async () => (await shown(gateway.url, scan)).endDate !== null);
  expect(await errorOf(scan)).toMatch(/^it works on no agent that has it: .*tool/);
  expect(await available("Tool")).toBe(false);
  await after.kill("SIGTERM");
});
