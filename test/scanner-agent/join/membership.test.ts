/** How an agent keeps its user valid: by a gateway that is played. */

import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { createAccount, encodeUser } from "@nats-io/jwt";
import { expect, it, onTestFinished, vi } from "vitest";
import { checkCredentials } from "../../../scanner-agent/bus/credentials.js";
import { readAgentConfig, type JoinedAgent } from "../../../scanner-agent/config.js";
import { openKey, readIdentity, saveIdentity } from "../../../scanner-agent/join/identity.js";
import { keepMembership } from "../../../scanner-agent/join/membership.js";
import { renewIdentity } from "../../../scanner-agent/join/renew.js";
import { testLog } from "../../stage/log.js";

const DAY_SECONDS = 86_400;

/** An agent that has joined, and a gateway, which may be a false one: it signs by a key of its own. */
async function stage(isFalse = false): Promise<{ joined: JoinedAgent; asked: () => number }> {
  const folder = mkdtempSync(join(tmpdir(), "scanmesh-membership-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const key = await openKey(folder);
  const [account, signer, stranger] = [createAccount(), createAccount(), createAccount()];
  const answerBy = async (by: typeof signer) => {
    const exp = Math.floor(Date.now() / 1000) + DAY_SECONDS;
    const jwt = await encodeUser("a", key.getPublicKey(), account, {}, { signer: by, exp });
    return { v: 1 as const, agent: "a", class: "isolated" as const, servers: ["nats://127.0.0.1:1"], jwt };
  };
  const text = JSON.stringify(await answerBy(isFalse ? stranger : signer));
  let asked = 0;
  const server = createServer((_, answer) => {
    asked += 1;
    answer.end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  await saveIdentity(folder, `http://127.0.0.1:${(server.address() as AddressInfo).port}`, key, await answerBy(signer));
  const joined = await readIdentity(folder);
  if (!joined) throw new Error("the agent has not joined");
  return { joined, asked: () => asked };
}

it("a host whose clock is days ahead renews once, and is let in by the clock of NATS", async () => {
  const { joined, asked } = await stage();
  const realNow = Date.now;
  vi.spyOn(Date, "now").mockImplementation(() => realNow() + 3 * DAY_SECONDS * 1_000);
  onTestFinished(() => void vi.restoreAllMocks());
  const failed: unknown[] = [];
  const config = readAgentConfig({ PATH: process.env["PATH"] }, joined);
  const membership = keepMembership(config, joined, testLog("membership"), (error) => void failed.push(error));
  onTestFinished(() => membership.stop());
  await membership.ready();
  // Long enough for dozens of requests, should they follow each other.
  await pause(300);
  expect({ asked: asked(), failed }).toEqual({ asked: 1, failed: [] });
  expect(() => checkCredentials(joined.credsFile, "isolated")).not.toThrow();
});

it("a user that another than the mesh has signed is not taken", async () => {
  const { joined } = await stage(true);
  await expect(renewIdentity(joined, joined.gateway)).rejects.toMatchObject({ code: "GATEWAY_UNPROVEN" });
});
