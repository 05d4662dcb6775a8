import { describe, expect, it } from "vitest";
import { encodeMessage } from "../../../schema/messages.js";
import { AGENTS, LIVE_KEYS, LIVE_SCAN, presenceSubject, resultSubject } from "../../../schema/subjects.js";
import { engine } from "../../stage/puppet-agent.js";
import { until } from "../../stage/stage.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { base64, shown, submit } from "../scan/submitting.js";
import { connectAsGateway } from "./gateway-user.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway());
const agent = usePuppet(stage, "puppet", [engine("Alpha"), engine("Beta", { speed: "FAST" })]);
const other = prepared(
  () => connectAsGateway(stage),
  (nc) => nc.close(),
);

const GARBAGE = ["", "not JSON", "null", "[]", '"text"', '{"v":2}', `{"v":1,"scans":${"[".repeat(5_000)}${"]".repeat(5_000)}}`];
const ignored = async (subject: string) => {
  const { values } = await gateway.context.metrics.messagesIgnored.get();
  return values.find(({ labels }) => labels["subject"] === subject)?.value ?? 0;
};
const present = (id: string) => gateway.context.fleet.agents().find(({ agent: one }) => one === id);

describe("a gateway goes on after messages that it cannot read", () => {
  it("on live.scan: hints that come later still wake subscribers", async () => {
    const { scan } = await submit(gateway.url, { base64: base64("hinted"), engines: ["Alpha"] });
    const watch = await gateway.context.watchers.scans.watch(Number(scan["scanId"])).ready(new AbortController().signal);
    watch.poll();
    for (const text of GARBAGE) other.publish(LIVE_SCAN, text);
    await until("they are counted", async () => (await ignored(LIVE_SCAN)) === GARBAGE.length);
    const hints: number[] = [];
    const notify = gateway.context.watchers.scans.notify;
    gateway.context.watchers.scans.notify = (key, revision) => (hints.push(key), notify(key, revision));
    other.publish(LIVE_SCAN, encodeMessage({ v: 1, scans: [[Number(scan["scanId"]), 999]] }));
    expect(await until("a later hint is heard", () => hints.includes(Number(scan["scanId"])))).toBeTruthy();
    gateway.context.watchers.scans.notify = notify;
    watch.cancel();
  });

  it("on live.keys: whatever the message holds, the keys are read again", async () => {
    let read = 0;
    const { refresh } = gateway.context.keyring;
    gateway.context.keyring.refresh = () => ((read += 1), refresh());
    for (const text of GARBAGE) other.publish(LIVE_KEYS, text);
    expect(await until("the keys are read", () => read >= GARBAGE.length)).toBeTruthy();
    gateway.context.keyring.refresh = refresh;
  });

  it("in the presence of agents: others are still heard", async () => {
    const before = await ignored(AGENTS);
    // The bucket keeps one value for each agent: of several for one, the watcher may be given the last alone.
    for (const [i, text] of GARBAGE.slice(1).entries()) await agent.request(presenceSubject(`garbage-${i}`), text);
    await until("they are counted", async () => (await ignored(AGENTS)) === before + GARBAGE.length - 1);
    await agent.announce([{ healthy: false, reason: "still heard" }]);
    expect(await until("the next presence is heard", () => present("puppet")?.engines[0]?.reason === "still heard")).toBeTruthy();
    await agent.announce();
  });

  it("among results: the next one is recorded", async () => {
    const { scan } = await submit(gateway.url, { base64: base64("answered"), engines: ["Alpha"] });
    for (const text of [...GARBAGE, '{"v":2,"scan":1}']) await agent.request(resultSubject("Alpha"), text);
    await agent.answer("Alpha", { scan: Number(scan["scanId"]), verdict: "CLEAN" });
    expect(
      await until("it is final", async () => (await shown(gateway.url, Number(scan["scanId"]))).endDate !== null),
    ).toBeTruthy();
  });
});

describe("the presence of an agent is cleaned and limited", () => {
  const announced = async (name: string) => {
    const row = await stage.db.selectFrom("engines").selectAll().where("name", "=", name).executeTakeFirst();
    return row?.last_healthy_at === null ? undefined : row;
  };
  const presence = (engines: unknown[], rest: object = {}) =>
    JSON.stringify({
      v: 1,
      agent: "odd",
      host: "h\0",
      version: "9".repeat(100),
      class: "isolated",
      sealing: 1,
      startedAt: new Date().toISOString(),
      heartbeatMs: 1_000,
      state: "READY",
      proofs: ["p".repeat(1_000)],
      engines,
      ...rest,
    });

  it("so that NUL, half characters, long texts and impossible dates cost no engine its health", async () => {
    const versions = { engine: `1\0${"x".repeat(500)}`, signatures: "\ud800", signatureDate: "0000-01-01T00:00:00Z" };
    const odd = engine("Odd", { versions, warnings: Array.from({ length: 100 }, () => "w".repeat(1_000)), accepts: ["a/b\0"] });
    await agent.request(presenceSubject("odd"), presence([odd]));
    const row = await until("it is healthy", () => announced("Odd"));
    expect(row).toMatchObject({ engine_version: `1${"x".repeat(198)}`, signature_version: "\ufffd", accepts: ["a/b"] });
    expect(row.signature_date).toBeNull();
    expect(present("odd")).toMatchObject({ host: "h", version: "9".repeat(50) });
  });

  it("and an entry that cannot be read, or of the other class, costs that entry alone", async () => {
    const entries = [engine("Even"), { ...engine("Bad"), slots: -1 }, { name: 7 }, null, engine("Net", { internet: true })];
    await agent.request(presenceSubject("odd"), presence(entries));
    await until("the good one is healthy", () => announced("Even"));
    expect(present("odd")?.engines.map(({ name }) => name)).toEqual(["Even"]);
  });

  it("and the reason of an unhealthy engine", async () => {
    await agent.request(presenceSubject("odd"), presence([engine("Even", { healthy: false, reason: `\0${"r".repeat(5_000)}` })]));
    expect(await until("it is shown", () => present("odd")?.engines[0]?.reason === "r".repeat(1_023))).toBeTruthy();
  });

  it("and a way of sealing that no column can hold counts as none", async () => {
    await agent.request(presenceSubject("odd"), presence([], { sealing: 1e15 }));
    const recorded = () => stage.db.selectFrom("agents").select("sealing").where("agent", "=", "odd").executeTakeFirst();
    expect(await until("it is recorded", async () => (await recorded())?.sealing === null)).toBe(true);
  });

  it("and heartbeats cannot be so rare that a dead agent stays", async () => {
    for (const [told, kept] of [
      [1e12, 100_000],
      [1, 500],
    ] as const) {
      await agent.request(presenceSubject("odd"), presence([], { heartbeatMs: told }));
      expect(await until("it is limited", () => present("odd")?.heartbeatMs === kept)).toBeTruthy();
    }
  });
});

describe("results", () => {
  it.each([
    ["thousands of levels deep", `{"a":${"[".repeat(5_000)}${"]".repeat(5_000)}}`],
    ["with very many keys", `{${Array.from({ length: 45_000 }, (_, i) => `"${i}":1`).join(",")}}`],
    ["with half characters", String.raw`{"a\ud800":"\udfff","b\u0000":"\ud83d"}`],
  ])("with details %s still say INFECTED", async (_, details) => {
    const { scan } = await submit(gateway.url, { base64: base64(details.slice(0, 20)), engines: ["Alpha"] });
    const scanId = Number(scan["scanId"]);
    const message = {
      v: 1,
      scan: scanId,
      agent: "puppet",
      state: "DONE",
      verdict: "INFECTED",
      signature: `Eicar\ud800${"x".repeat(2_000)}`,
      error: null,
      versions: { engine: "1".repeat(999), signatures: null, signatureDate: "9999-12-31T23:59:59-23:00" },
      startedAt: "0000-01-01T00:00:00Z",
      durationMs: 1,
      truncated: false,
    };
    const text = JSON.stringify({ ...message, details: "DETAILS" }).replace('"DETAILS"', details);
    await agent.request(resultSubject("Alpha"), text);
    expect(await until("it is INFECTED", async () => (await shown(gateway.url, scanId)).verdict === "INFECTED")).toBeTruthy();
  });
});
