import { connect, credsAuthenticator } from "nats";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readEngines } from "../../../gateway/db/engines.js";
import { readScan } from "../../../gateway/db/scans.js";
import { submitScan } from "../../../gateway/scan/submit.js";
import type { InternetClass } from "../../../schema/classes.js";
import { SCANS } from "../../../schema/subjects.js";
import { engine, startPuppet, type PuppetAgent } from "../../stage/puppet-agent.js";
import { TESTER, until } from "../../stage/stage.js";
import { data } from "../http/http-client.js";
import { bytesOf, startWithdrawStage, type WithdrawStage } from "./withdraw-stage.js";

interface Answer {
  readonly __typename: string;
  readonly code?: string;
  readonly message?: string;
  readonly engine?: { readonly enabled: boolean; readonly speed: string };
  readonly agents?: string[];
}

let here: WithdrawStage;
const agents: PuppetAgent[] = [];

beforeAll(async () => {
  here = await startWithdrawStage();
});
afterAll(async () => {
  await Promise.all(agents.map((agent) => agent.close()));
  await here.stop();
});

const ERRORS = "... on UserError { code message path }";
async function act(verb: string, fields: string, args: string, url = here.gateway.url): Promise<Answer> {
  const type = `${verb[0]?.toUpperCase()}${verb.slice(1)}Success`;
  const query = `mutation { ${verb}(${args}) { __typename ... on ${type} { ${fields} } ${ERRORS} } }`;
  return (await data<Record<string, Answer>>(url, query))[verb] as Answer;
}
const enable = (name: string, enabled: boolean) =>
  act("setEngineEnabled", "engine { enabled }", `name: "${name}", enabled: ${enabled}`);
const test = (name: string) => act("selfTestEngine", "agents engine { name }", `name: "${name}"`);
const acceptChange = (name: string, url?: string) =>
  act("acceptEngineChange", "engine { speed internet type }", `name: "${name}"`, url);
async function agentWith(id: string, ...engines: Parameters<typeof startPuppet>[2]): Promise<PuppetAgent> {
  const internet: InternetClass = engines[0]?.internet ? "internet" : "isolated";
  const agent = await startPuppet(here.stage, id, engines, internet);
  agents.push(agent);
  return agent;
}
/** Waits until the gateway shows an engine of an agent as one that differs. */
const differing = (agent: string, name: string) =>
  until(`${name} differs on ${agent}`, () =>
    here.gateway.context.fleet
      .agents()
      .find((one) => one.agent === agent)
      ?.engines.find((one) => one.name === name && one.reason?.startsWith("differs from the mesh")),
  );
const catalogued = async (name: string) => (await readEngines(here.stage.db)).find((one) => one.name === name);
async function submit(text: string, engines: string[], internet = false): Promise<number> {
  const input = { name: "a", speed: "ALL", internet, engines } as const;
  return (await submitScan(here.gateway.context, TESTER, { kind: "stream", bytes: bytesOf(text) }, input)).scanId;
}
/** By engine, the subject that its durable listens to. */
async function filters(internet: InternetClass = "isolated"): Promise<Record<string, string | undefined>> {
  const authenticator = credsAuthenticator(readFileSync(here.stage.keys.creds.gateway[internet]));
  const nc = await connect({ servers: here.stage.nats().url, authenticator });
  const found = await (await nc.jetstreamManager()).consumers.list(SCANS).next();
  await nc.close();
  return Object.fromEntries(found.map(({ name, config }) => [name, config.filter_subject]));
}

describe("setEngineEnabled", () => {
  it("keeps an engine out of scans that are accepted from then on, and lets it in again; open scans go on", async () => {
    const open = await here.submit("before", ["Alpha"]);
    expect(await enable("ALPHA", false)).toMatchObject({ __typename: "SetEngineEnabledSuccess", engine: { enabled: false } });
    const without = await readScan(here.stage.db, await here.submit("without"));
    expect(without).toMatchObject({ skipped: [{ engine: "Alpha", reason: "DISABLED" }], results: [{ engine: "Beta" }] });
    (await here.agent.take("Alpha", { scan: open })).ack();
    await here.agent.answer("Alpha", { scan: open, verdict: "CLEAN" });
    expect(await here.final(open)).toMatchObject({ verdict: "CLEAN" });
    expect(await enable("Alpha", true)).toMatchObject({ engine: { enabled: true } });
    expect(await enable("Alpha", true)).toMatchObject({ engine: { enabled: true } });
    expect((await readScan(here.stage.db, await here.submit("with")))?.total).toBe(2);
    expect(await here.audited("setEngineEnabled", "Alpha")).toBe(2);
    expect(await enable("Nobody", true)).toMatchObject({ __typename: "UnknownEngine", code: "NOT_FOUND", path: ["name"] });
  });
});

describe("selfTestEngine", () => {
  it("tells every agent that has the engine, and says which", async () => {
    expect(await test("beta")).toMatchObject({ __typename: "SelfTestEngineSuccess", agents: ["puppet"] });
    expect(await until("the agent is told", () => here.told.find(({ kind }) => kind === "test"))).toEqual({
      v: 1,
      kind: "test",
      engine: "Beta",
    });
    expect(await here.audited("selfTestEngine", "Beta")).toBe(1);
    expect(await test("Nobody")).toMatchObject({ __typename: "UnknownEngine" });
  });

  it("says so when no agent has it", async () => {
    const gone = await agentWith("gone", engine("Gone"));
    await gone.leave();
    await until("it is gone", () => here.gateway.context.fleet.agents().every(({ agent }) => agent !== "gone"));
    expect(await test("Gone")).toMatchObject({ __typename: "MeshUnavailable", code: "UNAVAILABLE" });
  });
});

describe("acceptEngineChange", () => {
  it("moves an engine to another speed: what waits is asked on the new subject, what runs goes on", async () => {
    const agent = await agentWith("mover", engine("Mover"));
    const [running, waiting] = [await submit("running", ["Mover"]), await submit("waiting", ["Mover"])];
    const taken = await agent.take("Mover", { scan: running });
    await agent.answer("Mover", { scan: running, state: "SCANNING" });
    await until("it runs", async () => (await readScan(here.stage.db, running))?.results[0]?.state === "SCANNING");
    await here.published(waiting);
    await agent.announce([{ speed: "SLOW" }]);
    await differing("mover", "Mover");
    expect(await acceptChange("mover")).toMatchObject({
      __typename: "AcceptEngineChangeSuccess",
      engine: { speed: "SLOW", internet: false, type: "AV" },
    });
    const again = await agent.take("Mover", { scan: waiting });
    expect(again.message.subject).toBe("scan.slow.isolated");
    again.ack();
    await agent.answer("Mover", { scan: waiting, verdict: "CLEAN" });
    taken.ack();
    await agent.answer("Mover", { scan: running, verdict: "CLEAN" });
    for (const scanId of [running, waiting]) expect(await here.final(scanId)).toMatchObject({ verdict: "CLEAN" });
    await agent.announce([{ speed: "SLOW" }]);
    await until("it is expected again", async () => (await catalogued("Mover"))?.available);
    const next = await submit("next", ["Mover"]);
    (await agent.take("Mover", { scan: next })).ack();
    await agent.answer("Mover", { scan: next, verdict: "CLEAN" });
    await here.final(next);
    expect(await here.audited("acceptEngineChange", "Mover")).toBe(1);
  });

  it("moves an engine to the internet: asked there if the scan allows it, CANCELLED if it does not", async () => {
    const inside = await agentWith("inside", engine("Roamer", { type: "METADATA" }));
    const [allowed, forbidden] = [await submit("allowed", ["Roamer"], true), await submit("forbidden", ["Roamer", "Beta"])];
    await inside.leave();
    const outside = await agentWith("outside", engine("Roamer", { type: "METADATA", internet: true }));
    await differing("outside", "Roamer");
    expect(await acceptChange("Roamer")).toMatchObject({ engine: { internet: true } });
    const { request, message, ack } = await outside.take("Roamer", { scan: allowed });
    expect(message.subject).toBe("scan.ultra.internet");
    expect(Buffer.from((await outside.readChunk(request.sample, 0)) ?? []).toString()).toBe("allowed");
    ack();
    await outside.answer("Roamer", { scan: allowed });
    await here.final(allowed);
    const report = await readScan(here.stage.db, forbidden);
    expect(report?.results.map(({ engine: name, state, error }) => [name, state, error])).toEqual([
      ["Beta", "QUEUED", null],
      ["Roamer", "CANCELLED", "it can reach the internet now, which this scan forbids"],
    ]);
    expect((await filters())["roamer"]).toBeUndefined();
    expect((await filters("internet"))["roamer"]).toBe("scan.ultra.internet");
  });

  it("counts an engine that is an AV engine no more among those no more, and never calls a scan clean for it", async () => {
    const agent = await agentWith("typist", engine("Typist"), engine("Turncoat", { type: "METADATA" }));
    const both = await submit("an AV engine less", ["Typist", "Alpha"]);
    const more = await submit("an AV engine more", ["Turncoat", "Alpha"]);
    await agent.announce([{ type: "METADATA" }, { type: "AV" }]);
    await differing("typist", "Typist");
    await differing("typist", "Turncoat");
    await acceptChange("Typist");
    await acceptChange("Turncoat");
    for (const scanId of [both, more]) {
      (await here.agent.take("Alpha", { scan: scanId })).ack();
      await here.agent.answer("Alpha", {
        scan: scanId,
        verdict: scanId === both ? "CLEAN" : null,
        state: scanId === both ? "DONE" : "FAILED",
      });
    }
    await agent.answer("Typist", { scan: both, state: "FAILED" });
    await agent.answer("Turncoat", { scan: more, verdict: "CLEAN" });
    expect(await here.final(both)).toMatchObject({ verdict: "CLEAN" });
    expect(await here.final(more)).toMatchObject({ verdict: "INCONCLUSIVE" });
  });

  it("refuses when nothing differs, when agents do not agree, and for an unknown engine", async () => {
    expect(await acceptChange("Alpha")).toMatchObject({
      __typename: "InvalidInput",
      message: "no agent announces Alpha differently from the catalogue: there is no change to accept",
    });
    await agentWith("one", engine("Split"));
    await agentWith("two", engine("Split", { speed: "FAST" }));
    await agentWith("three", engine("Split", { speed: "SLOW" }));
    await differing("two", "Split");
    await differing("three", "Split");
    expect(await acceptChange("Split")).toMatchObject({
      code: "BAD_INPUT",
      message: expect.stringMatching(/^agents announce Split in different ways \(/) as string,
    });
    expect((await catalogued("Split"))?.speed).toBe("ULTRA");
    expect(await acceptChange("Nobody")).toMatchObject({ __typename: "UnknownEngine" });
  });

  it("is finished by another gateway when the first is killed right after the commit", async () => {
    const agent = await agentWith("shifter", engine("Shifter"));
    const scanId = await submit("shifted", ["Shifter"]);
    await here.published(scanId);
    const doomed = await here.stage.gatewayProcess({ SCANMESH_FAILPOINT: "engine.after_commit:kill" });
    await agent.announce([{ speed: "MEDIUM" }]);
    await differing("shifter", "Shifter");
    await until("the other gateway has heard it too", async () => {
      const shown = await data<{ agents: { agent: string; engines: { reason: string | null }[] }[] }>(
        doomed.url,
        "{ agents { agent engines { reason } } }",
      );
      return shown.agents.find((one) => one.agent === "shifter")?.engines[0]?.reason;
    });
    await expect(acceptChange("Shifter", doomed.url)).rejects.toThrow();
    await doomed.kill();
    expect(await catalogued("Shifter")).toMatchObject({ speed: "MEDIUM" });
    await agent.announce([{ speed: "MEDIUM" }]);
    await until("its durable has moved", async () => (await filters())["shifter"] === "scan.medium.isolated");
    (await agent.take("Shifter", { scan: scanId, seconds: 30 })).ack();
    await agent.answer("Shifter", { scan: scanId, verdict: "CLEAN" });
    expect(await here.final(scanId)).toMatchObject({ verdict: "CLEAN" });
  });
});
