/** What gateways do by themselves about keys: they forget agents that are gone, and revoke what nobody needs any more. */

import { execFile } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join as path } from "node:path";
import { promisify } from "node:util";
import { connect, credsAuthenticator } from "nats";
import { sql } from "kysely";
import { expect, it, onTestFinished } from "vitest";
import { areAllJoined, readSharingAgents } from "../../../gateway/db/shared-agents.js";
import { startKeepingKeys } from "../../../gateway/join/keep-keys.js";
import { registerJoinKeys } from "../../../gateway/join/standing-tokens.js";
import type { InternetClass } from "../../../schema/classes.js";
import { projectPath } from "../../../schema/paths.js";
import { presenceSubject } from "../../../schema/subjects.js";
import { joinKeysText } from "../../../standalone/join-secrets.js";
import { engine, startPuppet } from "../../stage/puppet-agent.js";
import { until } from "../../stage/stage.js";
import { prepared, useStage } from "../../stage/use-stage.js";
import { join } from "../accounts/joined-agent.js";
import { joinHost, keysOf, named, newToken } from "./host.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway());

const ago = (minutes: number) => sql<Date>`now() - make_interval(mins => ${minutes})`;

function keepKeys(manner: Parameters<typeof startKeepingKeys>[1]) {
  const keeping = startKeepingKeys(gateway.context, manner);
  onTestFinished(() => keeping.stop());
  return keeping;
}

async function lastHeard(agent: string, minutes: number): Promise<void> {
  await stage.db
    .updateTable("agent_keys")
    .set({ joined_at: ago(minutes), renewed_at: ago(minutes) })
    .where("agent", "=", agent)
    .execute();
}

it("an ephemeral agent is forgotten once it was not heard for so long, and no other one", async () => {
  const ephemeral = await newToken(gateway, { uses: 3, ephemeral: true });
  for (const agent of ["gone", "back"]) await joinHost(named(stage, agent), ephemeral);
  await joinHost(named(stage, "lasting"), await newToken(gateway));
  for (const agent of ["gone", "back", "lasting"]) await lastHeard(agent, 9);
  // As it is recorded again and again of one that is there.
  const back = { internet: false, agent: "back", host: "h", version: "1", engines: [], started_at: ago(9), heard_at: ago(-60) };
  await stage.db.insertInto("agents").values(back).execute();
  keepKeys({ ephemeralMs: 200 });
  await until("it is forgotten", async () => (await keysOf(stage, "gone")).length === 0);
  for (const agent of ["back", "lasting"]) expect(await keysOf(stage, agent)).toMatchObject([{ state: "JOINED" }]);
  const events = stage.db.selectFrom("audit_events").select("action").where("subject", "=", "gone").orderBy("id");
  expect((await events.execute()).map(({ action }) => action)).toEqual(["joinAgent", "forgetAgent"]);
  await until("its account is revoked", async () => {
    const account = stage.db.selectFrom("agent_accounts").select("revoked_at").where("agent", "=", "gone");
    return (await account.executeTakeFirst())?.revoked_at;
  });
  await stage.db.deleteFrom("agents").where("agent", "=", "back").execute();
});

it("keys that nobody has accepted for a day are forgotten", async () => {
  await joinHost(named(stage, "wanted"), await newToken(gateway));
  const waiting = { agent: "wanted", internet: false, state: "WAITING", ephemeral: false, host: "h", version: "1" } as const;
  await stage.db
    .insertInto("agent_keys")
    .values([
      { ...waiting, public_key: "U-old", renewed_at: ago(25 * 60) },
      { ...waiting, public_key: "U-new" },
    ])
    .execute();
  keepKeys({});
  await until("the old one is gone", async () => (await keysOf(stage, "wanted")).length === 2);
  expect((await keysOf(stage, "wanted")).map(({ public_key: key }) => key)).toContain("U-new");
});

async function isLetIn(internet: InternetClass): Promise<boolean> {
  const authenticator = credsAuthenticator(readFileSync(stage.keys.creds.agent[internet]));
  const inboxPrefix = "_INBOX.probe";
  const nc = await connect({ servers: stage.nats().url, authenticator, inboxPrefix, reconnect: false }).catch(
    (error: unknown) => {
      if (/auth/i.test(String(error))) return undefined;
      throw error;
    },
  );
  await nc?.close();
  return nc !== undefined;
}

it("the credentials that a class has shared are refused once their last agent has joined, for good", async () => {
  const file = path(stage.folder, "join-keys.json");
  writeFileSync(file, await joinKeysText(stage.keys));
  const sharedUsers = (await registerJoinKeys(stage.db, file)).filter(({ class: internet }) => internet === "isolated");
  expect(sharedUsers).toMatchObject([{ publicKey: expect.stringMatching(/^U/) as string }]);
  const old = await startPuppet(stage, "old", [engine("Alpha")]);
  onTestFinished(() => old.close());
  const left = async () => (await readSharingAgents(stage.db)).map(({ agent }) => agent);
  await until("it is known that it has not joined", async () => (await left()).includes("old"));
  await until("the gateway says that it is there", () => stage.db.selectFrom("gateways").select("id").executeTakeFirst());

  const command = [projectPath("dist", "cli", "hosts.js"), "doctor"];
  const env = { PATH: process.env["PATH"], DATABASE_URL: stage.databaseUrl };
  const told = await promisify(execFile)(process.execPath, command, { env }).catch((error: unknown) => error);
  expect(told).toMatchObject({
    code: 1,
    stdout: expect.stringContaining("old (isolated) of stage works with the cred") as string,
  });
  const gatewaysStarted = (minutes: number) =>
    stage.db
      .updateTable("gateways")
      .set({ started_at: ago(minutes) })
      .execute();
  await gatewaysStarted(60);
  expect(await areAllJoined(stage.db, "isolated")).toBe(false);
  const its = await join(stage, gateway, "old", ["Alpha"]);
  expect(await left()).toEqual([]);
  await gatewaysStarted(1);
  // Others may not have been heard yet.
  expect(await areAllJoined(stage.db, "isolated")).toBe(false);
  await gatewaysStarted(60);

  const keeping = keepKeys({ sharedUsers });
  await until("they are refused", async () => !(await isLetIn("isolated")));
  expect(await isLetIn("internet")).toBe(true);
  const nc = await its.connect();
  await nc.request(presenceSubject("old"), "{}", { timeout: 10_000 });
  await nc.close();
  await keeping.stop();

  await stage.stopNats();
  rmSync(path(stage.folder, "nats", "accounts"), { recursive: true, force: true });
  await stage.startNats();
  keepKeys({ sharedUsers });
  await until("they are refused again", async () => !(await isLetIn("isolated")));
});
