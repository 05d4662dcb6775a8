/** Agents that are there no more, and engines that are not asked. */

import { sql } from "kysely";
import { expect, it } from "vitest";
import { deleteOldAgents, REMEMBERED_AGENTS } from "../../../gateway/db/agents.js";
import { engine, startPuppet } from "../../stage/puppet-agent.js";
import { until } from "../../stage/stage.js";
import { prepared, useStage } from "../../stage/use-stage.js";
import { data } from "../http/http-client.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway());

interface Gone {
  readonly agent: string;
  readonly lastHeardAt: string;
}
const GONE = "{ goneAgents { agent host version class startedAt lastHeardAt engines } }";
const gone = async () => (await data<{ goneAgents: Gone[] }>(gateway.url, GONE)).goneAgents;
const online = async () => (await data<{ agents: Gone[] }>(gateway.url, "{ agents { agent lastHeardAt } }")).agents;
const remembered = (agent: string) =>
  until("it is remembered", () => stage.db.selectFrom("agents").select("agent").where("agent", "=", agent).executeTakeFirst());

it("are remembered with their engines and when they were last heard, until they are there again", async () => {
  const before = Date.now();
  const agent = await startPuppet(stage, "one", [engine("Alpha"), engine("Beta")]);
  await remembered("one");
  expect(await gone()).toEqual([]);
  const [heard] = await online();
  expect(Date.parse(heard?.lastHeardAt ?? "")).toBeGreaterThanOrEqual(before);
  expect(Date.parse(heard?.lastHeardAt ?? "")).toBeLessThanOrEqual(Date.now());
  await agent.leave();
  const [one] = await until("it is gone", async () => {
    const list = await gone();
    return list.length > 0 ? list : undefined;
  });
  expect(one).toMatchObject({ agent: "one", host: "stage", class: "ISOLATED", engines: ["Alpha", "Beta"] });
  expect(Date.parse(one?.lastHeardAt ?? "")).toBeGreaterThanOrEqual(before - 1_000);
  await agent.announce();
  await until("it is back", async () => (await gone()).length === 0);
  await agent.leave();
  await agent.close();
});

it("are forgotten by removeAgent, after a week, and beyond a thousand the oldest first", async () => {
  await until("one is gone", async () => (await gone()).some(({ agent }) => agent === "one"));
  const remove = `mutation { removeAgent(agent: "one") { __typename } }`;
  expect(await data(gateway.url, remove)).toEqual({ removeAgent: { __typename: "RemoveAgentSuccess" } });
  expect(await gone()).toEqual([]);
  await sql`
    insert into agents (internet, agent, host, version, engines, started_at, heard_at)
    select false, 'made-' || i, 'h', '1', '{}', now(), now() - case when i = 1 then interval '8 days' else i * interval '1 second' end
    from generate_series(1, ${REMEMBERED_AGENTS + 50}::int) as i`.execute(stage.db);
  expect((await gone()).length).toBe(REMEMBERED_AGENTS);
  await deleteOldAgents(stage.db);
  const left = await stage.db.selectFrom("agents").select("agent").execute();
  expect(left).toHaveLength(REMEMBERED_AGENTS);
  expect(left.map(({ agent }) => agent)).not.toContain("made-1");
  await sql`delete from agents`.execute(stage.db);
});

it("an engine says why it is not asked", async () => {
  const agent = await startPuppet(stage, "two", [engine("Gamma"), engine("Delta")]);
  const reasons = async () => {
    const { engines } = await data<{ engines: { name: string; reason: string | null }[] }>(
      gateway.url,
      "{ engines { name reason } }",
    );
    return Object.fromEntries(engines.map(({ name, reason }) => [name, reason]));
  };
  await until("both are asked", async () => {
    const { Gamma, Delta } = await reasons();
    return Gamma === null && Delta === null;
  });
  expect(await reasons()).toMatchObject({ Alpha: "no agent that is online has it" });
  await agent.announce([{ healthy: false, reason: "no signatures", cause: "FAULT" }, {}]);
  await data(gateway.url, `mutation { setEngineEnabled(name: "Delta", enabled: false) { __typename } }`);
  await until("they say why", async () => (await reasons())["Gamma"] !== null);
  expect(await reasons()).toMatchObject({ Gamma: "no signatures", Delta: "an operator has disabled it" });
  await agent.leave();
  await agent.close();
});
