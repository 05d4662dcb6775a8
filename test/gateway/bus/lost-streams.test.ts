import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ConsumerConfig, StreamConfig } from "nats";
import { pino } from "pino";
import { expect, it, onTestFinished } from "vitest";
import { keepConnectionOf } from "../../../gateway/bus/connection.js";
import { readQueues } from "../../../gateway/scan/queues.js";
import { engineDurable, PRESENCE_BYTES } from "../../../schema/streams.js";
import { AGENTS, BUNDLES, presenceSubject, RECORDER, RESULTS, SAMPLES, SCANS } from "../../../schema/subjects.js";
import { engine } from "../../stage/puppet-agent.js";
import { until } from "../../stage/stage.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { ask } from "../http/http-client.js";
import { base64, shown, submit, type ShownScan } from "../scan/submitting.js";
import { connectAsGateway } from "./gateway-user.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway({ SCANMESH_SWEEP_INTERVAL: "100ms" }));
const agent = usePuppet(stage, "puppet", [engine("Alpha"), engine("Beta", { speed: "FAST" })]);
const other = prepared(
  () => connectAsGateway(stage),
  (nc) => nc.close(),
);
const jsm = () => other.jetstreamManager();
const ready = async () => (await ask(`${gateway.url}/readyz`)).json<{ status: string; reason?: string }>();

async function scanWith(name: string, text: string): Promise<ShownScan> {
  const { scan: submitted } = await submit(gateway.url, { base64: base64(text), engines: [name] });
  const scanId = Number(submitted["scanId"]);
  const { ack } = await until("the request is delivered", () =>
    agent.take(name, { scan: scanId, seconds: 1 }).catch(() => undefined),
  );
  await agent.answer(name, { scan: scanId, verdict: "CLEAN" });
  ack();
  return until("it is final", async () => {
    const scan = await shown(gateway.url, scanId);
    return scan.endDate === null ? undefined : scan;
  });
}

it("a durable that is lost is made again, and costs no other engine's queue meanwhile", async () => {
  await (await jsm()).consumers.delete(SCANS, "alpha");
  expect((await readQueues(gateway.context)).map(({ engine: { name } }) => name)).toEqual(["Alpha", "Beta"]);
  await scanWith("Beta", "beta goes on");
  await until("it is there again", () => gateway.context.bus.account("isolated").durableState("Alpha"));
  await scanWith("Alpha", "alpha is back");
});

it("so is the recorder's", async () => {
  await (await jsm()).consumers.delete(RESULTS, RECORDER);
  expect(await scanWith("Alpha", "recorded")).toMatchObject({ verdict: "CLEAN" });
});

it.each([SCANS, RESULTS, SAMPLES, BUNDLES])("the stream %s is made again with its durables", async (stream) => {
  const info = async () => (await jsm()).streams.info(stream).catch(() => undefined);
  const before = String((await until("it is there", info)).created);
  await (await jsm()).streams.delete(stream);
  await until("it is there again", async () => {
    const found = await info();
    return found !== undefined && String(found.created) !== before;
  });
  await until("the gateway is well", async () => (await ready()).status === "ok");
  expect(await until("an upload is taken", () => scanWith("Alpha", `after ${stream}`))).toBeTruthy();
});

it("the presence bucket is made again, and is watched again", async () => {
  await (await jsm()).streams.delete(`KV_${AGENTS}`);
  expect(
    await until("agents are heard again", async () => {
      await agent.announce([{ warnings: ["back"] }]).catch(() => undefined);
      return gateway.context.fleet.agents()[0]?.engines[0]?.warnings[0] === "back";
    }),
  ).toBeTruthy();
});

it("an older presence bucket is given its limit, and is no way to keep agents from being heard", async () => {
  const bucket = `KV_${AGENTS}`;
  await (await jsm()).streams.update(bucket, { max_bytes: -1, discard: "new" as StreamConfig["discard"] });
  await until("it is limited", async () => (await (await jsm()).streams.info(bucket)).config.max_bytes === PRESENCE_BYTES);
  const junk = "x".repeat(900_000);
  for (let n = 0; n * junk.length < 1.5 * PRESENCE_BYTES; n++) await agent.request(presenceSubject(`junk-${n}`), junk);
  expect((await (await jsm()).streams.info(bucket)).state.bytes).toBeLessThanOrEqual(PRESENCE_BYTES);
  await agent.announce([{ warnings: ["still heard"] }]);
  const heard = () => gateway.context.fleet.agents()[0]?.engines[0]?.warnings[0] === "still heard";
  expect(await until("the agent is heard", heard)).toBeTruthy();
});

it("a durable that NATS refuses costs only its engine, and /readyz names it", async () => {
  const settings = { ackWaitMs: 1_000 };
  const clash = engineDurable({ name: "Clash", speed: "ULTRA", internet: "isolated" }, settings);
  const taken = { ...clash, deliver_policy: "all" } as unknown as Partial<ConsumerConfig>;
  await (await jsm()).consumers.add(SCANS, taken);
  const second = [engine("Clash"), engine("Delta")];
  const presence = {
    v: 1,
    agent: "second",
    host: "h",
    version: "0",
    class: "isolated",
    state: "READY",
    heartbeatMs: 60_000,
    sealing: 1,
  };
  const startedAt = new Date().toISOString();
  await agent.request(presenceSubject("second"), JSON.stringify({ ...presence, startedAt, engines: second }));
  await until("the other engine is in the catalogue", () =>
    stage.db
      .selectFrom("engines")
      .select("id")
      .where("name", "=", "Delta")
      .where("last_healthy_at", "is not", null)
      .executeTakeFirst(),
  );
  const answer = await until("it is named", async () => {
    const body = await ready();
    return body.reason?.includes("clash") ? body : undefined;
  });
  expect(answer).toMatchObject({ status: "degraded" });
  expect(answer.reason).toMatch(/^the durable clash of ISOLATED is missing: /);
});

it("credentials that were replaced are read at the next attempt, without a restart", async () => {
  const { isolated, internet } = stage.keys.creds.gateway;
  const file = join(stage.folder, "replaced.creds");
  const right = await readFile(isolated, "utf8");
  // A user with another one's key.
  const [user] = right.split("-----BEGIN USER NKEY SEED");
  const [, key] = (await readFile(internet, "utf8")).split("-----BEGIN USER NKEY SEED");
  await writeFile(file, `${user}-----BEGIN USER NKEY SEED${key}`);
  const said: string[] = [];
  const log = pino({ base: null }, { write: (line: string) => void said.push(line) });
  const options = { servers: [stage.nats().url], natsCaFile: undefined };
  const connection = keepConnectionOf(options, { account: "ISOLATED", credsFile: file }, "test", log, async () => {});
  onTestFinished(() => connection.close());
  const refusals = () => said.filter((line) => line.includes("cannot connect to NATS")).length;
  await until("NATS refuses them", () => refusals() > 0);
  await writeFile(file, "half written");
  await until("those before serve while they cannot be read", () => refusals() > 1);
  await writeFile(file, right);
  expect(await until("it is connected", () => connection.isUp())).toBe(true);
});
