/** How the agent of this host gets its identity: by the command, by a token in a file, or from an earlier join. */

import { existsSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { pino } from "pino";
import { JoinError, type JoinErrorCode } from "../../schema/join-errors.js";
import { OperatorError } from "../../schema/operator-error.js";
import type { AgentConfig, JoinedAgent } from "../config.js";
import { readMeshIdentity } from "../bus/mesh-identity.js";
import { DockerAway, openDaemon } from "../runners/container/docker.js";
import { removeBelongings } from "../runners/container/resources.js";
import { GatewayBusy } from "./ask-gateway.js";
import { checkHost, checkServers, hostNeeds } from "./preflight.js";
import { forgetKey, readIdentity, removeIdentity } from "./identity.js";
import { joinMesh } from "./join-mesh.js";
import { readTokenFile } from "./membership.js";
import { checkRenewal, leaveMesh } from "./renew.js";

type Say = (sentence: string) => void;

const LOOK_MS = 200;

/** `join`: joins by a token, unless this host has joined before and is still let in. Throws {@link JoinError}. */
export async function joinByCommand(config: AgentConfig, token: string, say: Say): Promise<JoinedAgent> {
  const before = await readIdentity(config.identityFolder);
  const refusal = before && (await refusalOf(before));
  if (before && refusal === undefined) {
    say(`This host has joined the mesh at ${before.gateway} as ${before.agent}: it goes on with the key that it has.`);
    return before;
  }
  if (before && refusal === "AGENT_REVOKED") {
    say(`The mesh at ${before.gateway} has revoked the key of ${before.agent}: this host joins with another one.`);
    await forgetKey(before.folder);
  }
  const [problem] = await checkHost(await hostNeeds(config));
  if (problem) throw problem;
  const joined = await joinMesh(config, { token, say, patient: false });
  await checkServers(joined);
  say(`Joined the mesh at ${joined.gateway} as ${joined.agent}, class ${joined.internet}. The key is in ${joined.folder}.`);
  return joined;
}

/** Why a mesh that the host has joined does not let it in any more; undefined where it does, or does not say. */
async function refusalOf(before: JoinedAgent): Promise<JoinErrorCode | undefined> {
  try {
    await checkRenewal(before);
  } catch (error) {
    if (error instanceof GatewayBusy) return undefined;
    if (!(error instanceof JoinError)) throw error;
    if (error.code === "AGENT_REVOKED" || error.code === "AGENT_UNKNOWN") return error.code;
  }
  return undefined;
}

/** Who the agent is, if it has joined; joins by the token in a file if there is one. Undefined: it has shared credentials, or none. */
export async function findIdentity(config: AgentConfig, say: Say): Promise<JoinedAgent | undefined> {
  if (config.credsFile !== undefined && existsSync(config.credsFile)) return undefined;
  const before = await readIdentity(config.identityFolder);
  if (before || config.joinTokenFile === undefined) return before;
  let token = await readTokenFile(config.joinTokenFile);
  if (token === undefined) say(`Waiting for a join token in ${config.joinTokenFile}.`);
  while (token === undefined) {
    await pause(LOOK_MS);
    token = await readTokenFile(config.joinTokenFile);
  }
  return joinMesh(config, { token, say, patient: true });
}

/** `leave`: tells the mesh, and removes the key. */
export async function leaveByCommand(config: AgentConfig, say: Say): Promise<void> {
  const joined = await readIdentity(config.identityFolder);
  if (!joined) throw new OperatorError(`This host has not joined a mesh: there is no identity in ${config.identityFolder}.`);
  try {
    await leaveMesh(joined, joined.gateway);
    say(`The mesh at ${joined.gateway} has forgotten ${joined.agent}.`);
  } catch (error) {
    if (!(error instanceof JoinError)) throw error;
    // Without a key the agent cannot come back, whether or not the mesh was told.
    say(`The mesh was not told that ${joined.agent} leaves: ${error.message} Revoke it there (npm run hosts -- revoke).`);
  }
  await removeContainers(config, joined);
  await removeIdentity(joined.folder);
  say(`Removed ${joined.folder}.`);
}

/** What the agent has left at the Docker daemon because it was killed: no agent comes after it that would remove it. */
async function removeContainers({ docker }: AgentConfig, joined: JoinedAgent): Promise<void> {
  const owner = { mesh: await readMeshIdentity(joined), agent: joined.agent };
  try {
    await removeBelongings(openDaemon(docker), owner, pino({ level: "warn" }, pino.destination(2)));
  } catch (error) {
    if (!(error instanceof DockerAway)) throw error;
  }
}
