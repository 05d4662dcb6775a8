/** What operators decide about the keys of agents. */

import type { Caller } from "../caller.js";
import { lockAgentName, setAgentKeyState, type AgentKeyRecord } from "../db/agent-keys.js";
import { audit } from "../db/audit.js";
import { badInput, GatewayError } from "../errors.js";
import type { ScanContext } from "../scan/context.js";

type KeyContext = Pick<ScanContext, "db"> & Partial<Pick<ScanContext, "accounts">>;

/**
 * Gives an agent's name to the key that waits for it and revokes the previous key. `publicKey` chooses among several waiting keys. Throws
 * NOT_FOUND, and BAD_INPUT if it is ambiguous.
 */
export async function acceptAgent(
  { db, accounts }: KeyContext,
  caller: Caller,
  agent: string,
  publicKey?: string,
): Promise<AgentKeyRecord> {
  const accepted = await db.transaction().execute(async (tx) => {
    const keys = await lockAgentName(tx, agent);
    const waiting = keys.filter((key) => key.state === "WAITING" && (publicKey ?? key.publicKey) === key.publicKey);
    const [key] = waiting;
    if (!key) throw new GatewayError("NOT_FOUND", `no key waits to be ${agent}`);
    if (waiting.length > 1)
      throw badInput("publicKey", `${waiting.length} keys wait to be ${agent}: say which one (${list(waiting)})`);
    for (const before of keys) if (before.state === "JOINED") await setAgentKeyState(tx, before.publicKey, "REVOKED");
    await setAgentKeyState(tx, key.publicKey, "JOINED");
    await audit(tx, caller, "acceptAgent", agent, { publicKey: key.publicKey, host: key.host });
    return key;
  });
  await accounts?.issueAgent({ agent, publicKey: accepted.publicKey, internet: accepted.class, engines: [] });
  return { ...accepted, state: "JOINED" };
}

/**
 * Revokes an agent's key and all keys that wait for its name: their connections are closed and new ones refused. If this process has no
 * access to the accounts, a gateway does it within seconds. Throws NOT_FOUND.
 */
export async function revokeAgent({ db, accounts }: KeyContext, caller: Caller, agent: string): Promise<AgentKeyRecord> {
  const revoked = await db.transaction().execute(async (tx) => {
    const keys = await lockAgentName(tx, agent);
    const valid = keys.filter(({ state }) => state !== "REVOKED");
    const key = valid.find(({ state }) => state === "JOINED") ?? valid[0] ?? keys[0];
    if (!key) throw new GatewayError("NOT_FOUND", `no agent ${agent} has joined`);
    for (const { publicKey } of valid) await setAgentKeyState(tx, publicKey, "REVOKED");
    if (valid.length > 0) await audit(tx, caller, "revokeAgent", agent, { publicKeys: valid.map(({ publicKey }) => publicKey) });
    return key;
  });
  await accounts?.tellChanges(agent);
  return { ...revoked, state: "REVOKED" };
}

function list(keys: readonly AgentKeyRecord[]): string {
  return keys.map(({ publicKey, host }) => `${publicKey} of ${host}`).join(", ");
}
