/** Hosts that join, in this process: each with a folder of its own. */

import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { credsAuthenticator, connect, type NatsConnection } from "nats";
import { readFileSync } from "node:fs";
import { createJoinToken, type JoinTokenInput } from "../../../gateway/join/join-tokens.js";
import { readAgentConfig, type AgentConfig, type JoinedAgent } from "../../../scanner-agent/config.js";
import { joinMesh } from "../../../scanner-agent/join/join-mesh.js";
import { JoinError } from "../../../schema/join-errors.js";
import { inboxPrefix } from "../../../schema/subjects.js";
import { TESTER, type LocalGateway, type Stage } from "../../stage/stage.js";

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
