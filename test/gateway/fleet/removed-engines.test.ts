import { afterEach, describe, expect, it } from "vitest";
import { writeAgentSettings } from "../../../gateway/db/agent-settings.js";
import { forgetEngine, removeOldHosts } from "../../../gateway/db/engine-hosts.js";
import { readEngines } from "../../../gateway/db/engines.js";
import { readScan } from "../../../gateway/db/scans.js";
import { submitScan } from "../../../gateway/scan/submit.js";
import { engine, startPuppet, type PuppetAgent } from "../../stage/puppet-agent.js";
import { TESTER, until } from "../../stage/stage.js";
import { prepared, useStage } from "../../stage/use-stage.js";
import { data } from "../http/http-client.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway());
const agents: PuppetAgent[] = [];

afterEach(async () => {
  for (const agent of agents.splice(0)) {
    await agent.leave();
    await agent.close();
  }
});

async function agentOf(id: string, names: string[]): Promise<PuppetAgent> {
  const agent = await startPuppet(
    stage,
    id,
    names.map((name) => engine(name)),
  );
  agents.push(agent);
  return agent;
}

async function* bytes(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

async function submit(text: string, engines: string[]): Promise<number> {
  const sample = { kind: "stream" as const, bytes: bytes(text) };
  return (await submitScan(gateway.context, TESTER, sample, { name: "a", speed: "ALL", internet: false, engines })).scanId;
}

const stateOf = async (scan: number, name: string) =>
  (await readScan(stage.db, scan))?.results.find((result) => result.engine === name)?.state;
const available = async (name: string) => (await readEngines(stage.db)).find((one) => one.name === name)?.available;
const heard = (id: string) => gateway.context.fleet.agents().find(({ agent }) => agent === id);
const online = (id: string) => heard(id) !== undefined;
const recorded = (id: string, count: number) =>
  until("its engines are recorded", async () => {
    const rows = await stage.db.selectFrom("engine_hosts").select("engine_id").where("agent", "=", id).execute();
    return rows.length === count;
  });

describe("an engine that its host has no more", () => {
  it("is not waited for and not expected any more, and its answer counts all the same; back again, it is expected", async () => {
    const agent = await agentOf("one", ["Keeps", "Goes"]);
    await recorded("one", 2);
    const scan = await submit("waits for it", ["Keeps", "Goes"]);
    await agent.announce([], { engines: [engine("Keeps")] });
    await until("it is not waited for", async () => (await stateOf(scan, "Goes")) === "NO_AGENT");
    expect(await stateOf(scan, "Keeps")).toBe("QUEUED");
    expect(await available("Goes")).toBe(false);
    await expect(submit("too late", ["Goes"])).rejects.toMatchObject({ code: "UNAVAILABLE" });
    await agent.answer("Goes", { scan, verdict: "CLEAN" });
    await until("the late answer counts", async () => (await stateOf(scan, "Goes")) === "DONE");
    await agent.announce();
    await until("it is expected again", () => available("Goes"));
    expect(await stateOf(await submit("in time again", ["Goes"]), "Goes")).toBe("QUEUED");
  });

  it("is waited for as long as another host has it", async () => {
    const [first, second] = [await agentOf("first", ["Shared"]), await agentOf("second", ["Shared"])];
    await recorded("first", 1);
    await recorded("second", 1);
    const scan = await submit("shared", ["Shared"]);
    await first.announce([], { engines: [] });
    await recorded("first", 0);
    expect([await stateOf(scan, "Shared"), await available("Shared")]).toEqual(["QUEUED", true]);
    await second.announce([], { engines: [] });
    await until("nobody has it", async () => (await stateOf(scan, "Shared")) === "NO_AGENT");
  });
});

describe("an agent", () => {
  it("that has not applied the mesh's settings yet may have more engines than it says", async () => {
    const agent = await agentOf("started-anew", ["Plain", "TurnedOn"]);
    await recorded("started-anew", 2);
    const { revision } = await stage.db.transaction().execute((tx) => writeAgentSettings(tx, "started-anew", []));
    const say = (applied: number) =>
      agent.announce([], { engines: [engine("Plain")], settings: { revision: applied, problems: [] } });
    await say(0);
    await until("it is heard", () => heard("started-anew")?.settings?.revision === 0);
    await gateway.context.fleet.recordPresence();
    await gateway.context.fleet.recordPresence();
    expect(await available("TurnedOn")).toBe(true);
    await say(revision);
    await recorded("started-anew", 1);
    expect(await available("TurnedOn")).toBe(false);
  });

  it("that is restarted, or gone without a word, is waited for", async () => {
    const agent = await agentOf("restarts", ["Patient"]);
    await recorded("restarts", 1);
    const scan = await submit("restart", ["Patient"]);
    await agent.leave();
    await until("it is gone", () => !online("restarts"));
    await gateway.context.fleet.recordPresence();
    expect(await available("Patient")).toBe(true);
    expect(await stateOf(await submit("meanwhile", ["Patient"]), "Patient")).toBe("QUEUED");
    expect(await stateOf(scan, "Patient")).toBe("QUEUED");
  });

  it("that says that it will not come back takes its engines along", async () => {
    const agent = await agentOf("leaves", ["Leaving"]);
    await recorded("leaves", 1);
    const scan = await submit("leaving", ["Leaving"]);
    await agent.announce([], { goodbye: "REMOVED" });
    await until("it is not waited for", async () => (await stateOf(scan, "Leaving")) === "NO_AGENT");
    expect([online("leaves"), await available("Leaving")]).toEqual([false, false]);
  });

  it("takes only engines of its class along, whatever others are called", async () => {
    await agentOf("twin", ["Inside"]);
    await recorded("twin", 1);
    const scan = await submit("twins", ["Inside"]);
    const other = await startPuppet(stage, "twin", [engine("Outside", { internet: true })], "internet");
    agents.push(other);
    await recorded("twin", 2);
    await other.announce([], { goodbye: "REMOVED" });
    await recorded("twin", 1);
    expect([await available("Outside"), await available("Inside")]).toEqual([false, true]);
    expect(await stateOf(scan, "Inside")).toBe("QUEUED");
  });

  it("that has ended is removed by an operator, and its engines with it", async () => {
    const remove = (agent: string) =>
      data<{ removeAgent: unknown }>(
        gateway.url,
        "mutation($agent: String!) { removeAgent(agent: $agent) { __typename ... on RemoveAgentSuccess { engines } ... on UserError { message } } }",
        { agent },
      );
    const agent = await agentOf("dead", ["Buried"]);
    await recorded("dead", 1);
    expect((await remove("dead")).removeAgent).toEqual({
      __typename: "InvalidInput",
      message: "the agent dead is online: stop it first",
    });
    const scan = await submit("buried", ["Buried"]);
    await agent.leave();
    await until("it is gone", () => !online("dead"));
    expect((await remove("dead")).removeAgent).toEqual({ __typename: "RemoveAgentSuccess", engines: ["Buried"] });
    await until("it is not waited for", async () => (await stateOf(scan, "Buried")) === "NO_AGENT");
    expect((await remove("dead")).removeAgent).toMatchObject({ __typename: "UnknownAgent" });
  });
});

it("what an agent had that was not heard for a day is forgotten", async () => {
  await agentOf("old-container", ["Moved"]);
  await agentOf("new-container", ["Moved"]);
  await recorded("old-container", 1);
  await recorded("new-container", 1);
  const aDayAgo = new Date(Date.now() - 86_401_000);
  await stage.db.updateTable("engine_hosts").set({ seen_at: aDayAgo }).where("agent", "=", "old-container").execute();
  await removeOldHosts(stage.db);
  const left = await stage.db.selectFrom("engine_hosts").select("agent").where("agent", "like", "%-container").execute();
  expect(left).toEqual([{ agent: "new-container" }]);
});

it("the durable of an engine that another gateway has taken out of the catalogue is not kept", async () => {
  const agent = await agentOf("elsewhere", ["Dropped"]);
  await recorded("elsewhere", 1);
  await agent.leave();
  await until("it is gone", () => !online("elsewhere"));
  const durable = () => gateway.context.bus.account("isolated").durableState("Dropped");
  expect(await durable()).toBeDefined();
  const dropped = (await readEngines(stage.db)).find(({ name }) => name === "Dropped");
  await stage.db.transaction().execute((tx) => forgetEngine(tx, Number(dropped?.engineId)));
  await until("its durable is gone", async () => (await durable()) === undefined);
});

it("an engine is taken out of the catalogue once no agent has it, keeps its results, and comes back when it is announced", async () => {
  const remove = async () => {
    const query =
      'mutation { removeEngine(name: "mistaken") { __typename ... on RemoveEngineSuccess { name } ... on UserError { message } } }';
    return (await data<{ removeEngine: object }>(gateway.url, query)).removeEngine;
  };
  const agent = await agentOf("typo", ["Mistaken"]);
  await recorded("typo", 1);
  const scan = await submit("mistake", ["Mistaken"]);
  expect(await remove()).toMatchObject({ __typename: "InvalidInput" });
  await agent.leave();
  await until("it is gone", () => !online("typo"));
  expect(await remove()).toEqual({ __typename: "RemoveEngineSuccess", name: "Mistaken" });
  expect(await remove()).toMatchObject({ __typename: "UnknownEngine" });
  await until("it is not waited for", async () => (await stateOf(scan, "Mistaken")) === "NO_AGENT");
  await agent.announce();
  await until("it is back", () => available("Mistaken"));
  const again = await submit("no mistake", ["Mistaken"]);
  (await agent.take("Mistaken", { scan: again })).ack();
});
