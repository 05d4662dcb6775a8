import { once } from "node:events";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readLastRestart } from "../../../gateway/db/rolling-restarts.js";
import { readScan } from "../../../gateway/db/scans.js";
import { until, type Part } from "../../stage/stage.js";
import { data } from "../http/http-client.js";
import { startWithdrawStage, type WithdrawStage } from "./withdraw-stage.js";

const script = `[sh, -c, 'printf "stream: OK\\0"', quick, "{file}"]`;
const engines = {
  quick: `name: Quick\ntype: METADATA\nspeed: FAST\ninternet: false\nslots: 1\noutput: clamd\nrun:\n  process: { command: ${script} }\n`,
};

interface Answer {
  readonly __typename: string;
  readonly code?: string;
  readonly state?: string;
}

let here: WithdrawStage;
let real: Part;

beforeAll(async () => {
  here = await startWithdrawStage();
  real = await here.stage.agentProcess({ id: "real", engines });
  await until("its engine is expected", async () => {
    const rows = await here.stage.db.selectFrom("engines").select("last_healthy_at").where("name", "=", "Quick").execute();
    return rows[0]?.last_healthy_at;
  });
});
afterAll(() => here.stop());

async function act(verb: "cordonAgent" | "drainAgent" | "resumeAgent", agent: string): Promise<Answer> {
  const fields = "__typename ... on AgentOrderSuccess { agent state } ... on UserError { code message path }";
  const query = `mutation($agent: String!) { ${verb}(agent: $agent) { ${fields} } }`;
  return (await data<Record<string, Answer>>(here.gateway.url, query, { agent }))[verb] as Answer;
}
const shown = (state: string, startedAfter = "") =>
  until(`the agent is ${state}`, async () => {
    const { agents } = await data<{ agents: { agent: string; state: string; startedAt: string }[] }>(
      here.gateway.url,
      "{ agents { agent state startedAt } }",
    );
    return agents.find((one) => one.agent === "real" && one.state === state && one.startedAt > startedAfter);
  });

it("cordons an agent, which holds when the agent and the gateway are started anew, until it is resumed", async () => {
  expect(await act("cordonAgent", "real")).toEqual({ __typename: "AgentOrderSuccess", agent: "real", state: "CORDONED" });
  const { startedAt } = await shown("CORDONED");
  await real.kill("SIGKILL");
  await here.gateway.stop();
  here.gateway = await here.stage.gateway();
  real = await here.stage.agentProcess({ id: "real", engines });
  await shown("CORDONED", startedAt);
  const scanId = await here.submit("waits", ["Quick"]);
  await here.published(scanId);
  expect(await here.onTheBus("Quick")).toMatchObject({ waiting: 1 });
  expect(await act("resumeAgent", "real")).toMatchObject({ state: "READY" });
  await shown("READY");
  expect((await here.final(scanId)).results).toMatchObject([{ engine: "Quick", state: "DONE", agent: "real" }]);
  expect([await here.audited("cordonAgent", "real"), await here.audited("resumeAgent", "real")]).toEqual([1, 1]);
});

it("drains an agent, and a scan of its engine is final by its deadline all the same", async () => {
  expect(await act("drainAgent", "real")).toMatchObject({ state: "DRAINING" });
  await shown("DRAINING");
  const scanId = await here.submit("nobody takes it", ["Quick"]);
  await here.stage.db
    .updateTable("scans")
    .set({ deadline: new Date(Date.now() + 500) })
    .where("id", "=", scanId)
    .execute();
  await here.final(scanId);
  expect((await readScan(here.stage.db, scanId))?.results[0]?.state).toMatch(/^(TIMEOUT|NO_AGENT)$/);
  expect(await act("cordonAgent", "real")).toMatchObject({ state: "CORDONED" });
  await shown("CORDONED");
  await act("resumeAgent", "real");
  await shown("READY");
});

it.each(["cordonAgent", "drainAgent", "resumeAgent"] as const)("%s says that there is no such agent", async (verb) => {
  expect(await act(verb, "nobody.at>all*")).toMatchObject({ __typename: "UnknownAgent", code: "NOT_FOUND", path: ["agent"] });
});

it("resumes an agent that is not there, so that it takes work when it comes", async () => {
  await act("cordonAgent", "real");
  await shown("CORDONED");
  await real.kill();
  await until("it is gone", () => here.gateway.context.fleet.agents().every(({ agent }) => agent !== "real"));
  expect(await act("resumeAgent", "real")).toMatchObject({ state: "READY" });
  expect(await act("resumeAgent", "real")).toMatchObject({ code: "NOT_FOUND" });
  real = await here.stage.agentProcess({ id: "real", engines });
  expect(await shown("READY")).toBeDefined();
});

const SETTINGS = `mutation($agent: String!, $engines: [EngineSettingsInput!]!) { updateAgentSettings(agent: $agent, engines: $engines) {
  __typename ... on UpdateAgentSettingsSuccess { agentSettings { engines { engine slots timeoutMs } } } ... on UserError { path message } } }`;

async function set(engines: object[], agent = "real") {
  const answer = await data<{ updateAgentSettings: { __typename: string; path?: string[]; message?: string } }>(
    here.gateway.url,
    SETTINGS,
    { agent, engines },
  );
  return answer.updateAgentSettings;
}

/** Waits until the engine of the agent has so many slots, and the settings are told to be applied. */
const follows = (slots: number) =>
  until(`it has ${slots} slots`, async () => {
    const fields = "agents { agent engines { name healthy slots limits { slots timeoutMs memory } own { slots } } }";
    const answer = await data<{
      agents: { agent: string; engines: { slots: number; healthy: boolean; limits: object; own: { slots: number } }[] }[];
      agentSettings: { agent: string; applied: boolean; problems: string[] }[];
    }>(here.gateway.url, `{ ${fields} agentSettings { agent applied problems } }`);
    const own = answer.agents.find(({ agent }) => agent === "real")?.engines[0];
    const settings = answer.agentSettings.find(({ agent }) => agent === "real");
    return own?.slots === slots && own.healthy && settings?.applied ? { own, settings } : undefined;
  });

it("sets slots and limits of an agent's engines, which holds when it was away and across restarts, until it is set back", async () => {
  expect(await set([{ engine: "quick", slots: 3, timeoutMs: 5_000 }])).toEqual({
    __typename: "UpdateAgentSettingsSuccess",
    agentSettings: { engines: [{ engine: "Quick", slots: 3, timeoutMs: 5_000 }] },
  });
  const { own, settings } = await follows(3);
  expect(own).toMatchObject({ limits: { slots: 3, timeoutMs: 5_000 }, own: { slots: 1 } });
  expect(settings).toMatchObject({ problems: [] });
  const scanId = await here.submit("with three slots", ["Quick"]);
  expect((await here.final(scanId)).results).toMatchObject([{ engine: "Quick", state: "DONE", agent: "real" }]);

  await real.kill();
  await until("it is gone", () => here.gateway.context.fleet.agents().every(({ agent }) => agent !== "real"));
  await until("the mesh remembers it", async () =>
    here.stage.db.selectFrom("agents").select("agent").where("agent", "=", "real").executeTakeFirst(),
  );
  expect(await set([{ engine: "Quick", slots: 4 }])).toMatchObject({ __typename: "UpdateAgentSettingsSuccess" });
  real = await here.stage.agentProcess({ id: "real", engines });
  await follows(4);
  await set([{ engine: "Quick" }]);
  await follows(1);
  expect(await here.audited("updateAgentSettings", "real")).toBe(3);
});

it.each([
  [[{ engine: "Quikc", slots: 2 }], ["engines", "0", "engine"], /did you mean Quick/i],
  [[{ engine: "Quick", slots: 0 }], ["engines", "0", "slots"], /from 1 to 256/],
  [[{ engine: "Quick", cpus: 0.5 }], ["engines", "0", "cpus"], /no such limit/],
  [[{ engine: "Quick", memory: 2 ** 39 }], ["engines", "0", "memory"], /bytes of memory/],
  [[{ engine: "Quick" }, { engine: "QUICK" }], ["engines"], /twice/],
  [[], ["engines"], /no engine/],
])("refuses settings that the agent cannot have: %j", async (engines, path, message) => {
  await shown("READY");
  const refused = await set(engines);
  expect(refused).toMatchObject({ __typename: "InvalidInput", path });
  expect(refused.message).toMatch(message);
});

it("restarts agents one after the other, which no scan notices, and stops at the first that does not come back", async () => {
  const fields = "... on RollingRestartSuccess { rollingRestart { agents state } } ... on UserError { message }";
  const begin = async (agents: string[]) => {
    const query = `mutation($agents: [String!]) { restartAgents(agents: $agents) { ${fields} } }`;
    return (await data<{ restartAgents: object }>(here.gateway.url, query, { agents })).restartAgents;
  };
  const state = (wanted: string) =>
    until(`the restart is ${wanted}`, async () => {
      const query = "{ rollingRestart { state done problem } }";
      const { rollingRestart: last } = await data<{ rollingRestart: { state: string; done: number; problem: string | null } }>(
        here.gateway.url,
        query,
      );
      return last.state === wanted ? last : undefined;
    });
  expect(await begin(["nobody"])).toMatchObject({ message: "agents: nobody is not online" });
  expect(await begin(["puppet"])).toMatchObject({ message: expect.stringContaining("older version") as string });

  const agents = new Map([
    ["real", real],
    ["second", await here.stage.agentProcess({ id: "second", engines })],
  ]);
  await until("both are there", () => here.gateway.context.fleet.agents().length === 3);
  const supervised = [...agents].map(async ([id, { process }]) => {
    const [status] = (await once(process, "exit")) as [number | null];
    agents.set(id, await here.stage.agentProcess({ id, engines }));
    return status;
  });
  expect(await begin(["second", "real"])).toEqual({ rollingRestart: { agents: ["second", "real"], state: "RUNNING" } });
  expect(await begin(["real"])).toMatchObject({ message: expect.stringContaining("being restarted now") as string });
  const scans: number[] = [];
  const isOver = async () => (await readLastRestart(here.stage.db))?.state !== "RUNNING";
  while (!(await isOver())) {
    const three = await Promise.all([1, 2, 3].map((n) => here.submit(`${n} behind ${scans.length}`, ["Quick"])));
    await Promise.all(three.map((id) => here.final(id)));
    scans.push(...three);
  }
  expect(await state("DONE")).toMatchObject({ done: 2, problem: null });
  expect(await Promise.all(supervised)).toEqual([75, 75]);
  for (const id of scans)
    expect(await readScan(here.stage.db, id)).toMatchObject({ results: [{ engine: "Quick", state: "DONE" }] });
  await agents.get("second")?.kill();
  real = agents.get("real") ?? real;

  const again = once(real.process, "exit");
  await begin(["real"]);
  await again;
  await here.stage.db
    .updateTable("rolling_restarts")
    .set({ asked_at: new Date(Date.now() - 3_600_000) })
    .where("state", "=", "RUNNING")
    .execute();
  expect(await state("FAILED")).toMatchObject({ done: 0, problem: expect.stringContaining("was not started again") as string });
  real = await here.stage.agentProcess({ id: "real", engines });
  await shown("READY");
});
