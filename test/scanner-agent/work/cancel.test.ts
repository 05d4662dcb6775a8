import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { pino } from "pino";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { done, type Runner } from "../../../scanner-agent/contract.js";
import type { EngineParts } from "../../../scanner-agent/engine/engine.js";
import { isRunning } from "../../../scanner-agent/processes/process-table.js";
import { createBuiltinRunner } from "../../../scanner-agent/runners/builtin/builtin.js";
import { createProcessRunner } from "../../../scanner-agent/runners/process/process.js";
import { encodeMessage } from "../../../schema/messages.js";
import { controlSubject } from "../../../schema/subjects.js";
import { baseImage, hasDocker } from "../../docker/base-image.js";
import { requestOf, startAgent, type AgentStage } from "../stage/agent-stage.js";
import { startBusStage, until, type BusStage, withoutResults } from "../stage/bus-stage.js";
import { containerAgent, engineManifest, healthy, scanner } from "../stage/container-stage.js";
import { puppet } from "../stage/puppet-engine.js";

const CLEAN = done("CLEAN", null, null);
const SLOW = Buffer.from("slow");
let stage: BusStage;
let folder: string;
const agents: AgentStage[] = [];

beforeAll(async () => {
  [stage, folder] = await Promise.all([startBusStage(), mkdtemp(join(tmpdir(), "scanmesh-test-cancel-"))]);
});
afterEach(() => Promise.all(agents.splice(0).map((agent) => agent.stop())));
afterAll(async () => {
  await stage.stop();
  await rm(folder, { recursive: true, force: true });
});

async function agentWith(...engines: EngineParts[]): Promise<string> {
  const agent = await startAgent(stage, engines);
  agents.push(agent);
  return agent.config.agent;
}

function cancel(agent: string, ...scans: number[]): void {
  stage.nc.publish(controlSubject(agent), encodeMessage({ v: 1, kind: "cancel", scans }));
}

const busy = async (agent: string, name: string) =>
  (await stage.presence(agent))?.engines.find((engine) => engine.name === name)?.busy;

/** Cancels a request while its engine runs; the slot is free and the request done with, unanswered, and the next is scanned. */
async function cancelWhileRunning(agent: string, manifest: EngineParts["manifest"], isUnderWay = () => true): Promise<string> {
  const { name } = manifest;
  const slow = requestOf(await stage.store(SLOW), [name]);
  await stage.request(manifest, slow);
  await until("it is announced as running", async () =>
    stage.results.some(({ result }) => result.scan === slow.scan && result.state === "SCANNING"),
  );
  await until("it is under way", async () => isUnderWay());
  cancel(agent, slow.scan);
  await until("its request is done with", async () => (await stage.pending(name)).acks === 0);
  await until("its slot is free", async () => (await busy(agent, name)) === 0);
  const next = requestOf(await stage.store(Buffer.from("quick")), [name]);
  await stage.request(manifest, next);
  const { state } = await stage.answer(name, next.scan);
  expect(stage.results.filter(({ result }) => result.scan === slow.scan && result.state !== "SCANNING")).toEqual([]);
  return state;
}

/** An engine with one slot on a real runner. */
function engineOn(name: string, runner: Runner): EngineParts {
  const { runners: _, ...parts } = puppet(name, () => Promise.resolve(CLEAN), { slots: 1, timeout: "60s" });
  return { ...parts, runners: [runner] };
}

describe("a cancelled scan", () => {
  test("in a worker thread ends with its worker", async () => {
    const file = fileURLToPath(new URL("../runners/builtin/puppet-worker.mjs", import.meta.url));
    const workers = createBuiltinRunner({ file, data: {}, folder, log: pino({ level: "silent" }) });
    const spins: Runner = {
      ...workers,
      run: (sample, options) => workers.run({ ...sample, path: sample.size === SLOW.length ? "spin" : "quick" }, options),
    };
    const engine = engineOn("Threaded", spins);
    expect(await cancelWhileRunning(await agentWith(engine), engine.manifest)).toBe("DONE");
  });

  test("in a program ends with the program and what that has started", async () => {
    const pids = join(folder, "pids");
    const script = `if grep -q slow "$1"; then sleep 600 & echo $$ $! > ${pids}; wait; fi; echo '{}'`;
    const command = ["sh", "-c", script, "sh", "{file}"];
    const engine = engineOn(
      "Program",
      createProcessRunner({ command, detect: "sh", version: undefined, folder, programPath: "" }),
    );
    const hasPids = () => existsSync(pids) && readFileSync(pids, "utf8").endsWith("\n");
    expect(await cancelWhileRunning(await agentWith(engine), engine.manifest, hasPids)).toBe("DONE");
    for (const pid of (await readFile(pids, "utf8")).trim().split(" ")) {
      await until(`process ${pid} is gone`, async () => !(await isRunning(Number(pid), null)));
    }
  });

  test.skipIf(!hasDocker)("in a container ends with the container, and another takes its place", async () => {
    const image = await baseImage();
    const command = scanner('if grep -q slow "$1"; then sleep 600; fi');
    const manifest = engineManifest("Contained", { image, mode: "exec", command, spares: 0 }, { timeout: "60s" });
    const agent = await containerAgent(stage, [manifest]);
    agents.push(agent);
    await healthy(agent, "Contained");
    const before = await agent.containers();
    expect(await cancelWhileRunning(agent.config.agent, manifest as unknown as EngineParts["manifest"])).toBe("DONE");
    await until("its container is gone", async () => !(await agent.containers()).includes(before[0] ?? ""));
  });

  test("whose answer waits for the bus is done with as well", async () => {
    const engine = puppet("Waiting", () => Promise.resolve(CLEAN), { slots: 1 });
    const agent = await agentWith(engine);
    await withoutResults(stage, async () => {
      const request = requestOf(await stage.store(Buffer.from("x")), ["Waiting"]);
      await stage.request(engine.manifest, request);
      await stage.answer("Waiting", request.scan);
      expect((await stage.pending("Waiting")).acks).toBe(1);
      cancel(agent, request.scan);
      await until("its request is done with", async () => (await stage.pending("Waiting")).acks === 0);
    });
  });

  test("leaves the other scans of its engine alone", async () => {
    const free = new Map<number, () => void>();
    const signals: AbortSignal[] = [];
    const engine = puppet(
      "Shared",
      (_, { signal }) => new Promise((resolve) => free.set(signals.push(signal), () => resolve(CLEAN))),
      { slots: 2 },
    );
    const agent = await agentWith(engine);
    const sample = await stage.store(Buffer.from("x"));
    const [kept, ended] = [requestOf(sample, ["Shared"]), requestOf(sample, ["Shared"])];
    await stage.request(engine.manifest, kept);
    await until("one runs", async () => signals.length === 1);
    await stage.request(engine.manifest, ended);
    await until("both run", async () => signals.length === 2);
    cancel(agent, ended.scan, 999_999);
    await until("one is told to end", async () => signals[1]?.aborted === true);
    expect(signals[0]?.aborted).toBe(false);
    free.get(1)?.();
    free.get(2)?.();
    expect(await stage.answer("Shared", kept.scan)).toMatchObject({ state: "DONE" });
    await until("both are done with", async () => (await stage.pending("Shared")).acks === 0);
    expect(stage.results.some(({ result }) => result.scan === ended.scan && result.state === "DONE")).toBe(false);
  });

  test("is not handed back, and its engine stays healthy", async () => {
    const engine = puppet(
      "Steady",
      (_, { signal }) =>
        new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error))),
      { slots: 1 },
    );
    const agent = await agentWith(engine);
    for (let n = 0; n < 4; n++) {
      const request = requestOf(await stage.store(Buffer.from("x")), ["Steady"]);
      await stage.request(engine.manifest, request);
      await until("it runs", async () => (await busy(agent, "Steady")) === 1);
      cancel(agent, request.scan);
      await until("it is done with", async () => (await stage.pending("Steady")).acks === 0);
    }
    expect((await stage.pending("Steady")).redelivered).toBe(0);
    expect((await stage.presence(agent))?.engines[0]).toMatchObject({ healthy: true, reason: null });
  });
});

test("what is no control message is passed over", async () => {
  const engine = puppet("Unmoved", () => Promise.resolve(CLEAN));
  const agent = await agentWith(engine);
  for (const text of ["not JSON", '{"v":1,"kind":"dance"}', '{"v":2,"kind":"cancel","scans":[1]}', ""]) {
    stage.nc.publish(controlSubject(agent), text);
  }
  const request = requestOf(await stage.store(Buffer.from("x")), ["Unmoved"]);
  await stage.request(engine.manifest, request);
  expect(await stage.answer("Unmoved", request.scan)).toMatchObject({ state: "DONE" });
});
