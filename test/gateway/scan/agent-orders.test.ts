import { afterAll, beforeAll, expect, it } from "vitest";
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
