import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { done } from "../../../scanner-agent/contract.js";
import type { EngineParts } from "../../../scanner-agent/engine/engine.js";
import { type AgentState, type Control } from "../../../schema/control.js";
import { encodeMessage } from "../../../schema/messages.js";
import { controlSubject } from "../../../schema/subjects.js";
import { requestOf, startAgent, type AgentStage } from "../stage/agent-stage.js";
import { startBusStage, until, type BusStage } from "../stage/bus-stage.js";
import { puppet } from "../stage/puppet-engine.js";

/** An engine of a host's own. */
const OWN_MANIFEST = `name: Own
type: METADATA
speed: FAST
internet: false
input: file
timeout: 10s
output: fileinfo
run: { builtin: { module: fileinfo } }
`;

const CLEAN = done("CLEAN", null, null);
let stage: BusStage;
const agents: AgentStage[] = [];

beforeAll(async () => {
  stage = await startBusStage();
});
afterEach(() => Promise.all(agents.splice(0).map((agent) => agent.stop())));
afterAll(() => stage.stop());

async function agentWith(engine: EngineParts, env: Record<string, string> = {}, others: EngineParts[] = []): Promise<string> {
  const agent = await startAgent(stage, [engine, ...others], env);
  agents.push(agent);
  return agent.config.agent;
}
const tell = (agent: string, message: Control) => stage.nc.publish(controlSubject(agent), encodeMessage(message));
const state = async (agent: string) => (await stage.presence(agent))?.state;
async function order(agent: string, wanted: AgentState): Promise<void> {
  tell(agent, { v: 1, kind: "state", state: wanted });
  await until(`it is ${wanted}`, async () => (await state(agent)) === wanted);
}

/** An engine that ends a sample when it is told to, or when its run is ended. */
function held(name: string) {
  const free: (() => void)[] = [];
  const engine = puppet(
    name,
    (_, { signal }) =>
      new Promise((resolve, reject) => {
        free.push(() => resolve(CLEAN));
        signal.addEventListener("abort", () => reject(signal.reason as Error));
      }),
    { slots: 1 },
  );
  return { engine, free };
}

describe("an agent that is cordoned", () => {
  test("takes nothing more, finishes what it has, and takes work again when it is resumed", async () => {
    const { engine, free } = held("Cordoned");
    const agent = await agentWith(engine, { SCANMESH_DRAIN_GRACE: "100ms" });
    const sample = await stage.store(Buffer.from("x"));
    const [first, second] = [requestOf(sample, ["Cordoned"]), requestOf(sample, ["Cordoned"])];
    await stage.request(engine.manifest, first);
    await until("it runs", async () => free.length === 1);
    await order(agent, "CORDONED");
    await stage.request(engine.manifest, second);
    free[0]?.();
    expect(await stage.answer("Cordoned", first.scan)).toMatchObject({ state: "DONE" });
    expect(
      await until("the second waits", async () => {
        const { acks, waiting } = await stage.pending("Cordoned");
        return acks === 0 && waiting === 1;
      }),
    ).toBe(true);
    await order(agent, "READY");
    await until("the second runs", async () => free.length === 2);
    free[1]?.();
    expect(await stage.answer("Cordoned", second.scan)).toMatchObject({ state: "DONE" });
  });
});

describe("an agent that is drained", () => {
  test("hands back what it does not finish within its grace, and stays", async () => {
    const { engine, free } = held("Drained");
    const agent = await agentWith(engine, { SCANMESH_DRAIN_GRACE: "100ms", SCANMESH_ACK_WAIT: "600s" });
    const request = requestOf(await stage.store(Buffer.from("x")), ["Drained"]);
    await stage.request(engine.manifest, request);
    await until("it runs", async () => free.length === 1);
    await order(agent, "DRAINING");
    await until("it is handed back", async () => {
      const presence = await stage.presence(agent);
      return presence?.state === "DRAINING" && presence.engines[0]?.busy === 0;
    });
    expect(stage.results.some(({ result }) => result.scan === request.scan && result.state !== "SCANNING")).toBe(false);
    await order(agent, "READY");
    await until("it is taken again", async () => free.length === 2);
    free[1]?.();
    expect(await stage.answer("Drained", request.scan)).toMatchObject({ state: "DONE" });
  });

  test("and resumed within its grace keeps what it has", async () => {
    const { engine, free } = held("Kept");
    const agent = await agentWith(engine, { SCANMESH_DRAIN_GRACE: "500ms" });
    const request = requestOf(await stage.store(Buffer.from("x")), ["Kept"]);
    await stage.request(engine.manifest, request);
    await until("it runs", async () => free.length === 1);
    await order(agent, "DRAINING");
    await order(agent, "READY");
    await order(agent, "CORDONED");
    free[0]?.();
    expect(await stage.answer("Kept", request.scan)).toMatchObject({ state: "DONE" });
    expect((await stage.pending("Kept")).redelivered).toBe(0);
  });
});

test("an engine that is to be tested is tested, and its presence says when and what came of it", async () => {
  let broken = false;
  const engine = puppet("Tested", () => Promise.resolve(CLEAN), {
    runner: { start: () => (broken ? Promise.reject(new Error("its program is gone")) : Promise.resolve()) },
  });
  const agent = await agentWith(engine, { SCANMESH_RETEST: "600s" });
  const presence = async () => (await stage.presence(agent))?.engines[0];
  const before = await until("it was tested at the start", async () => (await presence())?.testedAt ?? undefined);
  tell(agent, { v: 1, kind: "test", engine: "tested" });
  const after = await until("it was tested again", async () => {
    const now = await presence();
    return now?.testedAt !== before ? now : undefined;
  });
  expect(after).toMatchObject({ healthy: true, reason: null });
  broken = true;
  tell(agent, { v: 1, kind: "test", engine: "Tested" });
  expect(await until("it fails", async () => (await presence())?.reason ?? undefined)).toBe("its program is gone");
});

describe("an agent that is told what it cannot read", () => {
  test("still obeys what it is told next", async () => {
    const { engine } = held("Patient");
    const agent = await agentWith(engine);
    const deep = `{"v":1,"kind":"cancel","scans":${"[".repeat(5_000)}${"]".repeat(5_000)}}`;
    for (const text of ["", "not JSON", "null", '{"v":2,"kind":"state"}', '{"v":1,"kind":"dance"}', deep])
      stage.nc.publish(controlSubject(agent), text);
    expect(await order(agent, "CORDONED")).toBeUndefined();
  });

  test("goes on listening when a handler fails", async () => {
    const { engine } = held("Shaken");
    const broken = { ...engine, manifest: { ...engine.manifest } };
    const agent = await agentWith(broken);
    Object.defineProperty(broken.manifest, "name", {
      configurable: true,
      get: () => {
        throw new Error("no name");
      },
    });
    tell(agent, { v: 1, kind: "test", engine: "Shaken" });
    await stage.nc.flush();
    Object.defineProperty(broken.manifest, "name", { value: "Shaken", configurable: true });
    expect(await order(agent, "CORDONED")).toBeUndefined();
  });
});

describe("the settings of the mesh", () => {
  test("are applied when what runs is done, without a restart of the agent, and taken back", async () => {
    const { engine, free } = held("Set");
    const others = ["Quick", "Unset"].map((name) => puppet(name, () => Promise.resolve(CLEAN)));
    const agent = await agentWith(engine, {}, others);
    const sample = await stage.store(Buffer.from("x"));
    const [first, second] = [requestOf(sample, ["Set"]), requestOf(sample, ["Set"])];
    await stage.request(engine.manifest, first);
    await until("it runs", async () => free.length === 1);
    const settings = [
      { engine: "set", slots: 3, timeoutMs: 5_000 },
      { engine: "Quick", slots: 5 },
      { engine: "Unset", enabled: false },
      { engine: "Ghost", slots: 1 },
    ];
    const shown = async () => (await stage.presence(agent))?.engines.map(({ name, slots }) => [name, slots]);
    for (let told = 0; told < 2; told++) tell(agent, { v: 1, kind: "settings", revision: 7, engines: settings });
    const seen: unknown[] = [];
    await until("one is off, and one runs otherwise while another is busy", async () => {
      const now = await shown();
      seen.push(now?.map(([name]) => name));
      return JSON.stringify(now) === '[["Quick",5],["Set",1]]';
    });
    for (const names of seen) expect(names).toEqual(expect.arrayContaining(["Quick", "Set"]));
    expect((await stage.presence(agent))?.settings).toEqual({ revision: 0, problems: [] });
    free[0]?.();
    expect(await stage.answer("Set", first.scan)).toMatchObject({ state: "DONE" });
    const applied = async (revision: number) =>
      until(`revision ${revision} is applied`, async () => {
        const presence = await stage.presence(agent);
        return presence?.settings?.revision === revision && presence.engines.every(({ healthy }) => healthy)
          ? presence
          : undefined;
      });
    const presence = await applied(7);
    expect(presence.settings?.problems).toEqual([expect.stringMatching(/^Ghost: /)]);
    expect(presence.engines).toMatchObject([{ name: "Quick" }, { name: "Set", slots: 3, own: { slots: 1 } }]);
    await stage.request(engine.manifest, second);
    await until("it runs", async () => free.length === 2);
    free[1]?.();
    expect(await stage.answer("Set", second.scan)).toMatchObject({ state: "DONE" });
    tell(agent, { v: 1, kind: "settings", revision: 8, engines: [] });
    await applied(8);
    expect(await shown()).toEqual([
      ["Quick", 2],
      ["Set", 1],
      ["Unset", 2],
    ]);
  });

  test("are applied although what ran before cannot be ended", async () => {
    const engine = puppet("Stuck", () => Promise.resolve(CLEAN), {
      runner: { stop: () => Promise.reject(new Error("its container is busy")) },
    });
    const agent = await agentWith(engine);
    tell(agent, { v: 1, kind: "settings", revision: 3, engines: [{ engine: "Stuck", slots: 5 }] });
    await until("it is applied", async () => (await stage.presence(agent))?.settings?.revision === 3);
    await until("it runs so", async () => {
      const shown = (await stage.presence(agent))?.engines[0];
      return shown?.slots === 5 && shown.healthy;
    });
    const request = requestOf(await stage.store(Buffer.from("x")), ["Stuck"]);
    await stage.request(engine.manifest, request);
    expect(await stage.answer("Stuck", request.scan)).toMatchObject({ state: "DONE" });
  });

  test("tell of a manifest that was damaged since the agent was started", async () => {
    const folder = await mkdtemp(join(tmpdir(), "scanmesh-test-engines-"));
    const file = join(folder, "own.yaml");
    try {
      await writeFile(file, OWN_MANIFEST);
      const started = await startAgent(stage, undefined, { SCANMESH_ENGINES_DIR: folder, SCANMESH_ENGINES: "Own,FileInfo" });
      agents.push(started);
      const { agent } = started.config;
      const shown = async () => (await stage.presence(agent))?.engines.map(({ name }) => name);
      expect(await shown()).toEqual(["FileInfo", "Own"]);
      await writeFile(file, "name: [\n");
      tell(agent, { v: 1, kind: "settings", revision: 4, engines: [{ engine: "FileInfo", slots: 1 }] });
      await until("the settings are applied", async () => (await stage.presence(agent))?.settings?.revision === 4);
      expect((await stage.presence(agent))?.settings?.problems).toContainEqual(expect.stringContaining("own.yaml"));
      expect(await shown()).toEqual(["FileInfo"]);
      expect(started.agent.mistakes()).toContainEqual(expect.stringContaining("own.yaml"));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

test("a control message that is not understood is logged with its kind and its engine", async () => {
  const lines: string[] = [];
  const log = pino({ level: "warn" }, { write: (line: string) => void lines.push(line) });
  const started = await startAgent(stage, [puppet("Told", () => Promise.resolve(CLEAN))], {}, { log });
  agents.push(started);
  const subject = controlSubject(started.config.agent);
  stage.nc.publish(subject, JSON.stringify({ v: 1, kind: "refuse", engine: "Told", reason: 7 }));
  stage.nc.publish(subject, JSON.stringify({ v: 1, kind: `later\u202e${"x".repeat(100)}` }));
  stage.nc.publish(subject, "no JSON");
  await until("all are logged", async () => lines.filter((line) => line.includes("control message")).length === 3);
  const [known, unknown, none] = lines.map((line) => JSON.parse(line) as { kind?: string; engine?: string });
  expect(known).toMatchObject({ kind: "refuse", engine: "Told" });
  expect(unknown?.kind).toMatch(/^later<U\+202E>x+$/);
  expect(none?.kind).toBeUndefined();
});
