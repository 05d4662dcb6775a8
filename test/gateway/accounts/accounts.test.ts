import { randomUUID } from "node:crypto";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join as path } from "node:path";
import { createAccount, createUser, decode, type User } from "@nats-io/jwt";
import type { NatsConnection } from "nats";
import { expect, it, onTestFinished } from "vitest";
import { openAgentAccounts } from "../../../gateway/accounts/accounts.js";
import { findAccount, readAccounts, updateEngines } from "../../../gateway/db/agent-accounts.js";
import { readScan } from "../../../gateway/db/scans.js";
import { encodeMessage } from "../../../schema/messages.js";
import {
  agentResultSubject,
  ALL_CHUNK_READS,
  chunkSubject,
  controlSubject,
  presenceSubject,
  resultSubject,
} from "../../../schema/subjects.js";
import { connectAsGateway } from "../bus/gateway-user.js";
import { base64, submit } from "../scan/submitting.js";
import { engine, startPuppet, type PuppetAgent } from "../../stage/puppet-agent.js";
import { testLog } from "../../stage/log.js";
import { until } from "../../stage/stage.js";
import { tellTime } from "../../stage/tell-time.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { accountsOf, join, revokeKeys, type JoinedAgent } from "./joined-agent.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway());
/** It shares the credentials of its class, as agents of earlier versions do. */
const shared = usePuppet(stage, "shared", [engine("Alpha"), engine("Beta")]);

/** An agent in an account of its own, until the end of the test. */
async function joined(agent: string, engines: string[]): Promise<{ its: JoinedAgent; nc: NatsConnection; puppet: PuppetAgent }> {
  const its = await join(stage, gateway, agent, engines);
  const nc = await its.connect();
  onTestFinished(async () => {
    await nc.close();
    await revokeKeys(stage, agent);
  });
  const puppet = await startPuppet(
    stage,
    agent,
    engines.map((name) => engine(name)),
    "isolated",
    nc,
  );
  return { its, nc, puppet };
}

const submitted = async (text: string) => (await submit(gateway.url, { base64: base64(text) })).scan.scanId;

const answerOf = async (scan: number, name: string) =>
  (await readScan(stage.db, scan))?.results.find(({ engine: its }) => its === name);

async function ignored(reason: string): Promise<number> {
  const { values } = await gateway.context.metrics.resultsIgnored.get();
  return values.find(({ labels }) => labels.reason === reason)?.value ?? 0;
}

it("an agent does its work in an account of its own, beside one that shares the credentials of its class", async () => {
  const { nc, puppet } = await joined("worker", ["Alpha"]);
  const control: string[] = [];
  nc.subscribe(controlSubject("worker"), { callback: (_, { data }) => void control.push(new TextDecoder().decode(data)) });
  await nc.flush();

  const scan = await submitted("own account");
  const { request, ack } = await puppet.take("Alpha", { scan });
  expect(await puppet.readChunk(request.sample, 0)).toBeDefined();
  await puppet.answer("Alpha", { scan, verdict: "INFECTED", signature: "Own" });
  ack();
  await until("its result is recorded", async () => (await answerOf(scan, "Alpha"))?.state === "DONE");
  expect(await answerOf(scan, "Alpha")).toMatchObject({ agent: "worker", signature: "Own" });

  const beta = await shared.take("Beta", { scan });
  await shared.answer("Beta", { scan, verdict: "CLEAN" });
  beta.ack();
  await until("the scan is final", async () => (await readScan(stage.db, scan))?.endDate);

  expect(gateway.context.fleet.agents().map(({ agent }) => agent)).toContain("worker");
  gateway.context.bus.account("isolated").sendControl("worker", { v: 1, kind: "state", state: "READY" });
  await until("it is told", () => control.length > 0);
});

const STARTED = {
  v: 1,
  state: "SCANNING",
  startedAt: new Date().toISOString(),
  verdict: null,
  signature: null,
  error: null,
  versions: { engine: null, signatures: null, signatureDate: null },
  image: null,
  durationMs: 0,
  details: null,
  truncated: false,
} as const;

it("a result that names another agent than its subject is refused, and counted", async () => {
  const { nc } = await joined("liar", ["Alpha"]);
  const scan = await submitted("a lie");
  const before = await ignored("another agent");
  const say = (agent: string) =>
    nc.request(resultSubject("Alpha"), encodeMessage({ ...STARTED, scan, agent }), { timeout: 5_000 });
  await say("shared");
  await until("it is refused", async () => (await ignored("another agent")) > before);
  await say("liar");
  await until("its own is taken", async () => (await answerOf(scan, "Alpha"))?.agent === "liar");
  expect(agentResultSubject("Alpha", "liar")).toBe("result.alpha.liar");
});

it("an engine that it announces later is let in before its first pull", async () => {
  const { nc, puppet } = await joined("grower", ["Alpha"]);
  await puppet.announce([], { engines: [engine("Alpha"), engine("Beta")] });
  await until("NATS lets it take Beta's work", async () => {
    const scan = await submitted("more engines");
    return puppet.take("Beta", { scan, seconds: 1 }).then(
      ({ ack }) => (ack(), true),
      () => false,
    );
  });
  expect((await findAccount(stage.db, "grower"))?.engines).toEqual(["alpha", "beta"]);
  await puppet.announce([], { engines: [engine("Alpha")] });
  await until("Beta's work is refused to it again", () =>
    nc.request(resultSubject("Beta"), "", { timeout: 1_000 }).then(
      () => false,
      () => true,
    ),
  );
});

it("the same key has the same account, another key another one, and the one before is cut off", async () => {
  const first = await join(stage, gateway, "renamed", ["Alpha"]);
  const accounts = accountsOf(gateway);
  const again = await accounts.issueAgent({
    agent: "renamed",
    publicKey: first.publicKey,
    internet: "isolated",
    engines: [],
  });
  expect(again.account).toBe(first.account);
  // A request to join that is repeated, or was recorded and is replayed, takes no work from an agent that runs.
  expect((await findAccount(stage.db, "renamed"))?.engines).toEqual(["alpha"]);
  const renewed = await accounts.renewUser("renamed");
  expect(decode<User>(renewed?.jwt ?? "")).toMatchObject({ sub: first.publicKey, nats: { issuer_account: first.account } });
  expect(decode(renewed?.jwt ?? "").exp).toBe(Math.floor((renewed?.expiresAt.getTime() ?? 0) / 1000));

  const nc = await first.connect({ jwt: renewed?.jwt ?? "" });
  const second = await join(stage, gateway, "renamed", ["Alpha"]);
  await nc.closed();
  await expect(first.connect()).rejects.toThrow();
  await (await second.connect()).close();
  await revokeKeys(stage, "renamed");
});

it("a revoked agent is cut off and not let in again, and its user is not renewed", async () => {
  const accounts = accountsOf(gateway);
  const its = await join(stage, gateway, "revoked", ["Alpha"]);
  const nc = await its.connect();
  await revokeKeys(stage, "revoked");
  await accounts.tellChanges("revoked");
  await nc.closed();
  await expect(its.connect()).rejects.toThrow();
  expect(await accounts.renewUser("revoked")).toBeUndefined();
  const again = { agent: "revoked", publicKey: its.publicKey, internet: "isolated", engines: [] } as const;
  await expect(accounts.issueAgent(again)).rejects.toMatchObject({ code: "AGENT_UNKNOWN" });
});

it("what a revoked agent has taken goes to another one", async () => {
  const { nc, puppet } = await joined("robbed", ["Alpha"]);
  const scan = await submitted("taken away");
  await puppet.take("Alpha", { scan });
  await revokeKeys(stage, "robbed");
  const cut = accountsOf(gateway)
    .tellChanges("robbed")
    .then(() => nc.closed());
  await tellTime("A revoked agent was cut off", cut);
  const taken = shared.take("Alpha", { scan });
  await tellTime("What it had taken was with another agent, after that and an acknowledgement wait of 1 s,", taken);
  const { request, ack } = await taken;
  ack();
  expect(request.scan).toBe(scan);
});

it("accounts that NATS has lost are made again, and those that it should have lost are removed", async () => {
  const accounts = accountsOf(gateway);
  const [kept, gone] = [await join(stage, gateway, "kept", ["Alpha"]), await join(stage, gateway, "gone", ["Alpha"])];
  await stage.stopNats();
  rmSync(path(stage.folder, "nats", "accounts"), { recursive: true, force: true });
  // Nobody can tell NATS now, and it is made good later.
  await revokeKeys(stage, "gone");
  await expect(accounts.tellChanges("gone")).rejects.toMatchObject({ code: "UNAVAILABLE" });
  await stage.startNats();
  await until("the account is there again", () =>
    kept.connect().then(
      (nc) => nc.close().then(() => true),
      () => false,
    ),
  );
  await expect(gone.connect()).rejects.toThrow();
  await until("nothing is left to tell", async () => (await accounts.restore()) === 0);
  await until("the gateway has its bus", () => gateway.context.bus.connected() && gateway.context.samples.connected());
  const rows = await readAccounts(stage.db);
  expect(rows.every(({ confirmed }) => confirmed !== null)).toBe(true);
  await revokeKeys(stage, "kept");
});

it("200 accounts are told to a NATS that knows none, and it is printed how long that takes", async () => {
  const folder = path(stage.folder, "nats", "accounts");
  const engines = Array.from({ length: 20 }, (_, n) => `engine-${n}`);
  const many = Array.from({ length: 200 }, (_, n) => ({
    account_key: createAccount().getPublicKey(),
    agent: `many-${n}`,
    internet: false,
    user_key: createUser().getPublicKey(),
    engines,
  }));
  const areKnown = () => many.every(({ account_key: key }) => existsSync(path(folder, `${key}.jwt`)));
  await stage.stopNats();
  rmSync(folder, { recursive: true, force: true });
  await stage.db.insertInto("agent_accounts").values(many).execute();
  onTestFinished(async () => void (await stage.db.deleteFrom("agent_accounts").where("agent", "like", "many-%").execute()));
  await stage.startNats();
  await tellTime("NATS that had started without any knew 200 accounts of 20 engines", until("NATS knows them", areKnown));
  await until("the gateway has its bus", () => gateway.context.bus.connected() && gateway.context.samples.connected());
  expect(readdirSync(folder).length).toBeGreaterThanOrEqual(many.length);
});

it("a change of which a gateway could not tell NATS before it ended is told by another one, one that NATS refuses aside", async () => {
  await stage.db
    .insertInto("agent_accounts")
    .values({ account_key: "not a key", agent: "refused", internet: false, user_key: "U", engines: [], confirmed: null })
    .execute();
  onTestFinished(async () => void (await stage.db.deleteFrom("agent_accounts").where("agent", "=", "refused").execute()));
  const its = await join(stage, gateway, "untold", ["Alpha"]);
  const nc = await its.connect();
  await updateEngines(stage.db, { agent: "untold", internet: false }, ["beta"]);
  await until("NATS is told of the engines", async () => (await findAccount(stage.db, "untold"))?.confirmed !== null);
  await revokeKeys(stage, "untold");
  await nc.closed();
  expect(await findAccount(stage.db, "untold")).toBeUndefined();
});

it("an account that was written by other rules is signed anew", async () => {
  const its = await join(stage, gateway, "older", ["Alpha"]);
  await stage.db.updateTable("agent_accounts").set({ confirmed: "other rules" }).where("agent", "=", "older").execute();
  const { accountFiles } = stage.config();
  if (accountFiles === undefined) throw new Error("the stage has no keys for accounts");
  const another = await openAgentAccounts(accountFiles, { config: stage.config(), db: stage.db, log: testLog("accounts") });
  onTestFinished(() => another.close());
  await expect.poll(async () => (await findAccount(stage.db, "older"))?.confirmed).not.toBe("other rules");
  await (await its.connect()).close();
  await revokeKeys(stage, "older");
});

it("an agent that reads any chunk by a wildcard gets no byte that can be read", async () => {
  const { nc } = await joined("reader", ["Alpha"]);
  const read = async () => (await nc.request(ALL_CHUNK_READS, "", { timeout: 5_000 })).string();
  await submitted("a secret sample, and what it says");
  expect(await read()).not.toBe("");
  expect(await read()).not.toContain("secret");
  // It is the sealing that keeps it: NATS itself gives whatever was stored last.
  const asGateway = await connectAsGateway(stage);
  await asGateway.jetstream().publish(chunkSubject(randomUUID(), 0), "a secret that is not sealed");
  await asGateway.close();
  expect(await read()).toContain("secret");
});

it("the presence of one agent is of no use under another's name", async () => {
  const { nc } = await joined("present", ["Alpha"]);
  await expect(nc.request(presenceSubject("shared"), "{}", { timeout: 1_000 })).rejects.toThrow();
});
