/** Hosts that join, in this process: each with a folder of its own. */

import { randomUUID } from "node:crypto";
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { createUser } from "@nats-io/jwt";
import { credsAuthenticator, connect, type NatsConnection } from "nats";
import { readFileSync } from "node:fs";
import { createJoinToken, type JoinTokenInput } from "../../../gateway/join/join-tokens.js";
import { readAgentConfig, type AgentConfig, type JoinedAgent } from "../../../scanner-agent/config.js";
import { joinMesh } from "../../../scanner-agent/join/join-mesh.js";
import { JoinError } from "../../../schema/join-errors.js";
import type { JoinRequest } from "../../../schema/join-messages.js";
import { proveJoiner } from "../../../schema/join-proof.js";
import { deriveJoinKeys, parseJoinToken } from "../../../schema/join-token.js";
import { inboxPrefix } from "../../../schema/subjects.js";
import { ownVersion } from "../../../schema/version.js";
import { TESTER, type LocalGateway, type Stage } from "../../stage/stage.js";
import { ask } from "../http/http-client.js";

/** A new token of a gateway. */
export async function newToken(gateway: LocalGateway, more: Partial<JoinTokenInput> = {}): Promise<string> {
  return (await createJoinToken(gateway.context, TESTER, { class: "isolated", gateway: gateway.url, ...more })).text;
}

/** The configuration of a host with an identity folder of its own. */
export function newHost(stage: Stage, env: Readonly<Record<string, string>> = {}): AgentConfig {
  const folder = mkdtempSync(join(stage.folder, "host-"));
  return readAgentConfig({ PATH: process.env["PATH"], SCANMESH_IDENTITY: folder, SCANMESH_SPOOL: join(folder, "spool"), ...env });
}

/** Joins, without any patience. */
export async function joinHost(host: AgentConfig, token: string, said: string[] = []): Promise<JoinedAgent> {
  return joinMesh(host, { token, say: (sentence) => void said.push(sentence), patient: false });
}

/** The code by which joining, or whatever else, is refused. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof JoinError) return error.code;
    throw error;
  }
  return "NONE";
}

/** Connects to NATS as an agent that has joined. */
export async function connectJoined({ servers, credsFile, agent }: JoinedAgent): Promise<NatsConnection> {
  const authenticator = credsAuthenticator(readFileSync(credsFile));
  return connect({ servers: [...servers], authenticator, inboxPrefix: inboxPrefix(agent), reconnect: false });
}

/** A host that joins under a name. */
export function named(stage: Stage, agent = `a-${randomUUID().slice(0, 8)}`): AgentConfig {
  return newHost(stage, { SCANMESH_AGENT_ID: agent });
}

export const keysOf = ({ db }: Stage, agent: string) =>
  db.selectFrom("agent_keys").selectAll().where("agent", "=", agent).execute();

/** How often a token was used. */
export async function usesOf({ db }: Stage, token: string): Promise<number> {
  const { id } = deriveJoinKeys(parseJoinToken(token).secret);
  return (await db.selectFrom("join_tokens").select("used").where("id", "=", id).executeTakeFirstOrThrow()).used;
}

/** Sends a request of a host as it is, with the proof that belongs to it. */
export async function sendJoin({ url }: Pick<LocalGateway, "url">, token: string, changes: Partial<JoinRequest> = {}) {
  const { secret } = parseJoinToken(token);
  const asked = {
    v: 1,
    token: deriveJoinKeys(secret).id,
    nonce: Buffer.alloc(16, 7).toString("base64url"),
    time: new Date().toISOString(),
    publicKey: createUser().getPublicKey(),
    agent: null,
    class: null,
    host: "host.example.org",
    version: ownVersion(),
    ...changes,
  } as const;
  const body = JSON.stringify({ proof: proveJoiner(secret, asked), ...asked, ...changes });
  const answer = await ask(`${url}/join`, { method: "POST", headers: { "content-type": "application/json" }, body });
  return { status: answer.status, ...answer.json<{ code?: string; agent?: string; error?: string }>() };
}
