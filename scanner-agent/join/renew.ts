import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { decode, fromPublic, type KeyPair } from "@nats-io/jwt";
import { z } from "zod";
import { JoinError } from "../../schema/join-errors.js";
import { AgentVerb, JOIN_PATH, NONCE_BYTES, RenewAnswer } from "../../schema/join-messages.js";
import { agentRequestText, renewAnswerText } from "../../schema/join-proof.js";
import { ownVersion } from "../../schema/version.js";
import { readClaims } from "../bus/credentials.js";
import type { JoinedAgent } from "../config.js";
import { askGateway, Refused, type AskOptions } from "./ask-gateway.js";
import { openKey, saveIdentity } from "./identity.js";

/** When an agent's user was signed and when it expires, in milliseconds. */
export interface Validity {
  readonly from: number;
  readonly until: number;
}

/** Of the user that an agent has now. */
export async function readValidity({ credsFile }: JoinedAgent): Promise<Validity> {
  const claims = readClaims(await readFile(credsFile, "utf8"));
  return { from: (claims?.iat ?? 0) * 1_000, until: (claims?.exp ?? 0) * 1_000 };
}

/** Has the agent's user signed anew, and keeps it. Throws {@link JoinError}. */
export async function renewIdentity(
  joined: JoinedAgent,
  gateway: string,
  { signal, clock = Date.now }: { signal?: AbortSignal; clock?: () => number } = {},
): Promise<void> {
  const key = await openKey(joined.folder);
  const { authority } = joined;
  const { answer, nonce } = await askAsAgent(AgentVerb.renew, key, gateway, RenewAnswer, clock(), { authority, signal });
  // An impostor cannot sign as the mesh does, but could leave the agent without a user.
  const { sub, iss } = decode(answer.jwt);
  const signer = readClaims(await readFile(joined.credsFile, "utf8"))?.iss;
  const isOwn = answer.agent === joined.agent && sub === key.getPublicKey() && iss === signer;
  if (!isOwn || !isSigned(answer, nonce, iss)) throw new JoinError("GATEWAY_UNPROVEN", gateway);
  // A user proves itself. The rest of an answer is believed only if it is signed, whatever proxies stand in between.
  const known = { class: joined.internet, servers: [...joined.servers], authority };
  await saveIdentity(joined.folder, gateway, key, answer.signature === undefined ? { ...answer, ...known } : answer);
}

/** Asks whether the mesh would sign the agent's user anew, and keeps nothing of the answer. Throws {@link JoinError}. */
export async function checkRenewal({ folder, gateway, authority }: JoinedAgent): Promise<void> {
  const request = signRequest(AgentVerb.renew, await openKey(folder), new Date().toISOString());
  await askGateway(gateway, `${JOIN_PATH}/${AgentVerb.renew}`, request, RenewAnswer, { authority });
}

/** Tells the mesh that the agent leaves for good. Throws {@link JoinError}. */
export async function leaveMesh(joined: JoinedAgent, gateway: string): Promise<void> {
  const { folder, authority } = joined;
  await askAsAgent(AgentVerb.leave, await openKey(folder), gateway, z.undefined(), Date.now(), { authority });
}

/** The gateway's clock is its challenge: an agent with a wrong clock signs the gateway's time. */
async function askAsAgent<T extends z.ZodType>(
  verb: AgentVerb,
  key: KeyPair,
  gateway: string,
  type: T,
  now: number,
  how: AskOptions,
): Promise<{ answer: z.infer<T>; nonce: string }> {
  const ask = async (time: string) => {
    const request = signRequest(verb, key, time);
    return { answer: await askGateway(gateway, `${JOIN_PATH}/${verb}`, request, type, how), nonce: request.nonce };
  };
  try {
    return await ask(new Date(now).toISOString());
  } catch (error) {
    if (!(error instanceof Refused) || error.code !== "CLOCK_OFF") throw error;
    return ask(error.gatewayTime);
  }
}

function isSigned({ signature, ...answer }: RenewAnswer, nonce: string, signer: string): boolean {
  if (signature === undefined) return true;
  return fromPublic(signer).verify(renewAnswerText(nonce, answer), Buffer.from(signature, "base64url"));
}

function signRequest(verb: AgentVerb, key: KeyPair, time: string) {
  const nonce = randomBytes(NONCE_BYTES).toString("base64url");
  const asked = { v: 1, verb, publicKey: key.getPublicKey(), nonce, time, version: ownVersion() } as const;
  return { ...asked, signature: Buffer.from(key.sign(agentRequestText(asked))).toString("base64url") };
}
