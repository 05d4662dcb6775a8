import { execFile } from "node:child_process";
import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { afterAll, expect, it, vi } from "vitest";
import { readEngines } from "../../../gateway/db/engines.js";
import { engine, startPuppet, type PuppetAgent } from "../../stage/puppet-agent.js";
import { until } from "../../stage/stage.js";
import { prepared, useStage } from "../../stage/use-stage.js";

const agents: PuppetAgent[] = [];

const stage = useStage();
const gateway = prepared(() => stage.gateway());

afterAll(async () => {
  vi.restoreAllMocks();
  await Promise.all(agents.map((agent) => agent.close()));
});

const available = async (name: string) => (await readEngines(stage.db)).find((one) => one.name === name)?.available;
const heard = (id: string) => gateway.context.fleet.agents().find(({ agent }) => agent === id);

it("expects an engine for a while after the agents that are there cannot run it, then no more, and at once when one can again", async () => {
  const first = await startPuppet(stage, "first", [engine("Alpha")]);
  agents.push(first);
  expect(await available("Alpha")).toBe(true);
  await first.announce([{ healthy: false, reason: "no signatures" }]);
  await until("the gateway has heard it", () => heard("first")?.engines[0]?.healthy === false);
  await gateway.context.fleet.recordPresence();
  expect(await available("Alpha")).toBe(true);

  const later = performance.now() + 31_000;
  vi.spyOn(performance, "now").mockImplementation(() => later);
  await first.announce([{ healthy: false, reason: "no signatures" }]);
  await until("Alpha is given up", async () => {
    await gateway.context.fleet.recordPresence();
    return (await available("Alpha")) === false;
  });
  vi.restoreAllMocks();
  await first.announce();
  await until("Alpha is expected again", async () => await available("Alpha"));
});

it("goes on expecting an engine that one of two agents can run", async () => {
  const second = await startPuppet(stage, "second", [engine("Alpha", { healthy: false, reason: "broken here" })]);
  agents.push(second);
  await until("both are there", () => gateway.context.fleet.agents().length === 2);
  const later = performance.now() + 31_000;
  vi.spyOn(performance, "now").mockImplementation(() => later);
  await second.announce();
  await gateway.context.fleet.recordPresence();
  expect(await available("Alpha")).toBe(true);
  vi.restoreAllMocks();
});

it("shows an engine that differs from the mesh as unhealthy, with the difference, and keeps to the catalogue", async () => {
  const odd = await startPuppet(stage, "odd", [engine("Alpha", { speed: "SLOW" })]).catch(() => undefined);
  if (odd) agents.push(odd);
  const shown = await until("it is shown", () => heard("odd")?.engines[0]);
  expect(shown).toMatchObject({ healthy: false, reason: "differs from the mesh: speed is ULTRA there and SLOW here" });
  expect((await readEngines(stage.db)).find(({ name }) => name === "Alpha")?.speed).toBe("ULTRA");
});

it("drops an agent that leaves at once, and one that has missed three heartbeats", async () => {
  await agents[0]?.leave();
  await until("it is gone", () => heard("first") === undefined);
  expect(heard("second")).toBeDefined();
  const later = performance.now() + 5 * 60_000;
  vi.spyOn(performance, "now").mockImplementation(() => later);
  expect(gateway.context.fleet.agents()).toEqual([]);
  vi.restoreAllMocks();
});

const impostors = async () => {
  const impostor = await startPuppet(stage, "impostor", [engine("Alpha", { internet: true, healthy: false })], "internet");
  agents.push(impostor);
  await until("it is heard", () => heard("impostor"));
  return impostor;
};

it("an internet agent that announces an isolated engine's name keeps no announcement of the isolated engine away", async () => {
  const third = await startPuppet(stage, "third", [engine("Alpha")]);
  agents.push(third);
  const impostor = await impostors();
  await stage.db
    .updateTable("engines")
    .set({ last_healthy_at: new Date(0) })
    .where("name", "=", "Alpha")
    .execute();
  await third.announce();
  await impostor.announce([{ healthy: true, reason: null }]);
  await until("both are heard", () => heard("impostor")?.engines[0]?.reason?.startsWith("differs from the mesh"));
  await until("Alpha is expected", async () => {
    await gateway.context.fleet.recordPresence();
    return available("Alpha");
  });
  expect(gateway.context.fleet.differingEngines("Alpha").map(({ agent }) => agent)).toEqual(["impostor"]);
  await third.leave();
});

it("nor does it say that the isolated engine is broken while no isolated agent is there", async () => {
  await until("only the impostor is there", () => heard("third") === undefined && heard("impostor"));
  const impostor = agents.at(-1);
  const later = performance.now() + 31_000;
  await impostor?.announce();
  await gateway.context.fleet.recordPresence();
  vi.spyOn(performance, "now").mockImplementation(() => later);
  await impostor?.announce();
  await gateway.context.fleet.recordPresence();
  await gateway.context.fleet.recordPresence();
  vi.restoreAllMocks();
  expect(await available("Alpha")).toBe(true);
});

it("expects a new engine at once, although its agent was heard while another engine was taken into the catalogue", async () => {
  const account = gateway.context.bus.account("isolated");
  const { ensureDurable } = account;
  const isHeard = () => until("the second agent is heard", () => heard("new-second"));
  const held = vi.spyOn(account, "ensureDurable").mockImplementation(async (named) => {
    if (named.name === "NewFirst") await isHeard();
    await ensureDurable(named);
  });
  const start = (id: string, name: string) => startPuppet(stage, id, [engine(name)]);
  const first = start("new-first", "NewFirst");
  await until("the first is being taken", () => held.mock.calls.some(([{ name }]) => name === "NewFirst"));
  agents.push(...(await Promise.all([first, start("new-second", "NewSecond")])));
  expect([await available("NewFirst"), await available("NewSecond")]).toEqual([true, true]);
});

it("a gateway that starts hears the agents that were there before, however long its keys take to be read", async () => {
  const early = await startPuppet(stage, "early", [engine("Early")]);
  agents.push(early);
  const slow = join(stage.folder, "slow.nk");
  await promisify(execFile)("mkfifo", [slow]);
  const starting = stage.gateway({ SCANMESH_NATS_AGENTS_KEY: slow });
  // It reads the pipe once this can write to it; a moment is enough to hear everybody.
  const pipe = await open(slow, "w");
  await pause(500);
  await pipe.writeFile(await readFile(stage.keys.signing.agents));
  await pipe.close();
  const { fleet } = (await starting).context;
  expect(await until("it has heard the agent", () => fleet.agents().some(({ agent }) => agent === "early"))).toBe(true);
});
