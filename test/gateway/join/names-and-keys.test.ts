/** Names belong to one key each, which is accepted, renewed and revoked. */

import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { createUser, decode } from "@nats-io/jwt";
import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import { acceptAgent, revokeAgent } from "../../../gateway/join/agent-keys.js";
import { removeAgent } from "../../../gateway/scan/removed.js";
import type { JoinedAgent } from "../../../scanner-agent/config.js";
import { joinByCommand, leaveByCommand } from "../../../scanner-agent/join/enlist.js";
import { readIdentity } from "../../../scanner-agent/join/identity.js";
import { checkMembership } from "../../../scanner-agent/join/preflight.js";
import { renewIdentity } from "../../../scanner-agent/join/renew.js";
import { joinSentence } from "../../../schema/join-errors.js";
import { projectPath } from "../../../schema/paths.js";
import { TESTER, until } from "../../stage/stage.js";
import { prepared, useStage } from "../../stage/use-stage.js";
import { codeOf, connectJoined, joinHost, keysOf, named, newToken, sendJoin, usesOf } from "./host.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway());

describe("a name", () => {
  it("that another key has is waited for until one mutation accepts it, and the key before is let in nowhere", async () => {
    const before = await joinHost(named(stage, "rack-2"), await newToken(gateway));
    const nc = await connectJoined(before);
    const [anew, said] = [named(stage, "rack-2"), [] as string[]];
    const token = await newToken(gateway);
    const joining = joinHost(anew, token, said);
    await until("the host is told that it waits", () => said.length > 0);
    expect(said).toEqual([expect.stringContaining("acceptAgent")]);
    expect((await keysOf(stage, "rack-2")).map(({ state }) => state).toSorted()).toEqual(["JOINED", "WAITING"]);
    const { state, class: internet } = await acceptAgent(gateway.context, TESTER, "rack-2");
    expect({ state, internet }).toEqual({ state: "JOINED", internet: "isolated" });
    const joined = await joining;
    expect(joined.agent).toBe("rack-2");
    expect(await usesOf(stage, token)).toBe(1);
    await nc.closed();
    expect(await codeOf(renewIdentity(before, gateway.url))).toBe("AGENT_REVOKED");
    await (await connectJoined(joined)).close();
  });

  it("of an ephemeral agent is free once it is gone, and a gateway that has just started waits until it knows", async () => {
    const token = await newToken(gateway, { uses: 3, ephemeral: true });
    const before = await joinHost(named(stage, "rack-3"), token);
    const since = (minutes: number) => sql<Date>`now() - make_interval(mins => ${minutes})`;
    const silent = () =>
      stage.db
        .updateTable("agent_keys")
        .set({ joined_at: since(9), renewed_at: since(9) })
        .where("agent", "=", "rack-3")
        .execute();
    const publicKey = createUser().getPublicKey();
    await until("the gateway says that it is there", () => stage.db.selectFrom("gateways").select("id").executeTakeFirst());
    const waits = async () => {
      const { code, error } = await sendJoin(gateway, token, { agent: "rack-3", publicKey });
      expect({ code, error }).toMatchObject({ code: "AGENT_WAITING", error: expect.stringContaining("2 minutes") as string });
      expect((await keysOf(stage, "rack-3")).find(({ state }) => state === "JOINED")?.public_key).not.toBe(publicKey);
    };
    await stage.db
      .updateTable("gateways")
      .set({ started_at: since(60) })
      .execute();
    await waits();
    await silent();
    await stage.db
      .updateTable("gateways")
      .set({ started_at: since(1) })
      .execute();
    await waits();
    await stage.db
      .updateTable("gateways")
      .set({ started_at: since(60), nats_connected: false })
      .execute();
    await waits();
    await stage.db.updateTable("gateways").set({ nats_connected: true }).execute();
    const heard = {
      internet: false,
      agent: "rack-3",
      host: "h",
      version: "1",
      engines: [],
      started_at: since(60),
      heard_at: since(1),
    };
    await stage.db.insertInto("agents").values(heard).execute();
    await waits();
    await stage.db.deleteFrom("agents").where("agent", "=", "rack-3").execute();
    expect(await sendJoin(gateway, token, { agent: "rack-3", publicKey })).toMatchObject({ agent: "rack-3" });
    expect(await keysOf(stage, "rack-3")).toMatchObject([{ public_key: publicKey, state: "JOINED" }]);
    expect(await codeOf(renewIdentity(before, gateway.url))).toBe("AGENT_UNKNOWN");
  });

  it("for which several wait is given to the one that is meant", async () => {
    await joinHost(named(stage, "rack-4"), await newToken(gateway));
    const token = await newToken(gateway, { uses: 2 });
    for (let i = 0; i < 2; i++)
      expect(await sendJoin(gateway, token, { agent: "rack-4" })).toMatchObject({ code: "AGENT_WAITING", status: 409 });
    await expect(acceptAgent(gateway.context, TESTER, "rack-4")).rejects.toMatchObject({ code: "BAD_INPUT" });
    const waiting = (await keysOf(stage, "rack-4")).find(({ state }) => state === "WAITING")?.public_key ?? "";
    expect(await acceptAgent(gateway.context, TESTER, "rack-4", waiting)).toMatchObject({ publicKey: waiting });
    await expect(acceptAgent(gateway.context, TESTER, "rack-5")).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});

describe("a key", () => {
  it.each([
    ["at once by a gateway", () => gateway.context],
    ["within seconds by whoever may write to the database", () => ({ db: stage.db })],
  ])("that is revoked is cut off %s, and its agent is told so when it comes back", async (_, context) => {
    const host = named(stage);
    const joined = await joinHost(host, await newToken(gateway));
    const nc = await connectJoined(joined);
    await revokeAgent(context(), TESTER, joined.agent);
    await nc.closed();
    expect(await codeOf(renewIdentity(joined, gateway.url))).toBe("AGENT_REVOKED");
    expect(await codeOf(joinHost(host, await newToken(gateway)))).toBe("AGENT_REVOKED");
    await expect(connectJoined(joined)).rejects.toThrow();
  });

  it("that was revoked or forgotten does not keep its host from joining by a new token", async () => {
    const host = named(stage);
    const agent = host.wanted.agent ?? "";
    const said: string[] = [];
    const join = async () => joinByCommand(host, await newToken(gateway), (sentence) => void said.push(sentence));
    const keyNow = async () => (await keysOf(stage, agent)).find(({ state }) => state === "JOINED")?.public_key;
    await join();
    const first = await keyNow();
    await join();
    expect(await keyNow()).toBe(first);
    await revokeAgent(gateway.context, TESTER, agent);
    const joined = await join();
    const second = await keyNow();
    expect([second === first, said.some((sentence) => sentence.includes("has revoked the key"))]).toEqual([false, true]);
    await (await connectJoined(joined)).close();
    await stage.db.deleteFrom("agent_keys").where("agent", "=", agent).execute();
    await (await connectJoined(await join())).close();
    expect(await keyNow(), "what is forgotten may come back").toBe(second);
  });

  it("is one agent's: it takes no second name or class, and a revoked one is not let in under another name", async () => {
    const [token, internet] = [await newToken(gateway), await newToken(gateway, { class: "internet" })];
    const publicKey = createUser().getPublicKey();
    const [agent, other] = [`a-${randomUUID().slice(0, 8)}`, `b-${randomUUID().slice(0, 8)}`];
    expect(await sendJoin(gateway, token, { publicKey, agent })).toMatchObject({ agent });
    expect(await sendJoin(gateway, token, { publicKey, agent: other })).toMatchObject({ code: "KEY_IN_USE", status: 409 });
    expect(await sendJoin(gateway, internet, { publicKey, agent })).toMatchObject({ code: "KEY_IN_USE" });
    expect(await usesOf(stage, internet)).toBe(0);
    await revokeAgent(gateway.context, TESTER, agent);
    for (const name of [agent, other])
      expect(await sendJoin(gateway, token, { publicKey, agent: name })).toMatchObject({ code: "AGENT_REVOKED", status: 403 });
    expect(await keysOf(stage, agent)).toMatchObject([{ state: "REVOKED" }]);
    const accounts = await stage.db.selectFrom("agent_accounts").selectAll().where("user_key", "=", publicKey).execute();
    expect(accounts.filter(({ revoked_at: revokedAt }) => revokedAt === null)).toEqual([]);
  });

  it("is renewed also after its user has expired, and with a clock that is wrong", async () => {
    const brief = await stage.gateway({ SCANMESH_AGENT_TTL: "3s" });
    const joined = await joinHost(named(stage), await newToken(brief));
    const userOf = (folder: string) => decode(/JWT-+\s+(\S+)/.exec(readFileSync(join(folder, "agent.creds"), "utf8"))?.[1] ?? "");
    const { exp } = userOf(joined.folder) as { exp?: number };
    await until("the user has expired", () => Date.now() > (exp ?? 0) * 1_000);
    await renewIdentity(joined, gateway.url, { clock: () => Date.now() + 600_000 });
    expect((userOf(joined.folder) as { exp?: number }).exp).toBeGreaterThan(exp ?? 0);
    await (await connectJoined(joined)).close();
    await brief.stop();
  });

  it("that is let in no more, or cannot get through, is told by the doctor of its host", async () => {
    const joined = await joinHost(named(stage), await newToken(gateway));
    const codes = async (changes: Partial<JoinedAgent> = {}) =>
      (await checkMembership({ ...joined, ...changes })).map(({ code }) => code);
    expect(await codes()).toEqual([]);
    const nowhere = { gateway: "http://127.0.0.1:1", servers: ["nats://127.0.0.1:1"] };
    expect(await codes(nowhere)).toEqual(["GATEWAY_UNREACHABLE", "BUS_UNREACHABLE"]);
    await revokeAgent(gateway.context, TESTER, joined.agent);
    const env = {
      PATH: process.env["PATH"],
      SCANMESH_AGENT_ID: joined.agent,
      SCANMESH_IDENTITY: dirname(joined.folder),
      SCANMESH_SPOOL: join(joined.folder, "spool"),
      SCANMESH_ENGINES: "FileInfo",
    };
    const doctor = promisify(execFile)(process.execPath, [projectPath("dist", "scanner-agent", "main.js"), "doctor"], { env });
    const said = `AGENT_REVOKED: ${joinSentence("AGENT_REVOKED", joined.agent)}`;
    await expect(doctor).rejects.toMatchObject({ code: 1, stdout: expect.stringContaining(said) as string });
  });

  it("of an agent that is gone is forgotten with it, and its name is free", async () => {
    const before = await joinHost(named(stage, "removed-1"), await newToken(gateway));
    await removeAgent(gateway.context, TESTER, "removed-1");
    expect(await codeOf(renewIdentity(before, gateway.url))).toBe("AGENT_UNKNOWN");
    expect((await joinHost(named(stage, "removed-1"), await newToken(gateway))).agent).toBe("removed-1");
  });

  it("of an agent that leaves is forgotten here and there", async () => {
    const host = named(stage);
    const joined = await joinHost(host, await newToken(gateway));
    const nc = await connectJoined(joined);
    const said: string[] = [];
    await leaveByCommand(host, (sentence) => void said.push(sentence));
    await nc.closed();
    expect(said[0]).toContain("has forgotten");
    expect(await readIdentity(host.identityFolder)).toBeUndefined();
    expect(await keysOf(stage, joined.agent)).toEqual([]);
  });

  it("is entered in the audit with what became of it", async () => {
    const joined = await joinHost(named(stage), await newToken(gateway));
    await revokeAgent(gateway.context, TESTER, joined.agent);
    const events = await stage.db
      .selectFrom("audit_events")
      .selectAll()
      .where("subject", "=", joined.agent)
      .orderBy("id")
      .execute();
    expect(events.map(({ action }) => action)).toEqual(["joinAgent", "revokeAgent"]);
  });
});
