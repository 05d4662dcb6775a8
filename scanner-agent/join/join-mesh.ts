import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { JoinError } from "../../schema/join-errors.js";
import { JOIN_PATH, JoinAnswer, NONCE_BYTES, type JoinRequest } from "../../schema/join-messages.js";
import { isGatewayProven, proveJoiner } from "../../schema/join-proof.js";
import { deriveJoinKeys, parseJoinToken, UnreadableToken, type JoinToken } from "../../schema/join-token.js";
import { ownVersion } from "../../schema/version.js";
import type { AgentConfig, JoinedAgent } from "../config.js";
import { reasonOf } from "../contract.js";
import { askGateway, fetchAuthority, GatewayBusy } from "./ask-gateway.js";
import { openKey, readIdentity, saveIdentity } from "./identity.js";

/** What of the configuration joining depends on. */
export type JoinConfig = Pick<AgentConfig, "identityFolder" | "host" | "wanted">;

/** How joining behaves. */
export interface JoinManner {
  readonly token: string;
  /** Tells people what is waited for, once each. */
  readonly say: (sentence: string) => void;
  readonly signal?: AbortSignal;
  /** Whether a gateway that cannot be reached is waited for, however long that takes; otherwise two minutes for one that is busy. */
  readonly patient: boolean;
}

const AGAIN_MS = 2_000;
const BUSY_MS = 120_000;

/** Reads a token. Throws {@link JoinError}. */
export function readToken(text: string): JoinToken {
  try {
    return parseJoinToken(text.trim());
  } catch (error) {
    if (error instanceof UnreadableToken) throw new JoinError(error.problem, undefined, { cause: error });
    throw error;
  }
}

/** Joins a mesh with the agent's key, and waits until its name is accepted if that is another key's. Throws {@link JoinError}. */
export async function joinMesh(config: JoinConfig, { token: text, say, signal, patient }: JoinManner): Promise<JoinedAgent> {
  const token = readToken(text);
  const key = await openKey(config.identityFolder);
  const givenUpAt = Date.now() + BUSY_MS;
  for (let said = ""; ;) {
    let waitMs = AGAIN_MS;
    try {
      const answer = await ask(config, token, key.getPublicKey(), signal);
      await saveIdentity(config.identityFolder, token.gateway, key, answer);
      const joined = await readIdentity(config.identityFolder);
      if (joined) return joined;
    } catch (error) {
      const isWaiting = error instanceof JoinError && error.code === "AGENT_WAITING";
      const isAway = error instanceof JoinError && ["GATEWAY_UNREACHABLE", "NOT_A_GATEWAY"].includes(error.code);
      const isBusy = error instanceof GatewayBusy && (patient || Date.now() < givenUpAt);
      if (!isWaiting && !isBusy && !(isAway && patient)) throw error;
      if (error instanceof GatewayBusy) waitMs = error.retryAfterMs;
      const sentence = reasonOf(error);
      if (sentence !== said) say(sentence);
      said = sentence;
    }
    await pause(waitMs, undefined, signal ? { signal } : {});
  }
}

async function ask({ host, wanted }: JoinConfig, token: JoinToken, publicKey: string, signal?: AbortSignal): Promise<JoinAnswer> {
  const asked = {
    v: 1,
    token: deriveJoinKeys(token.secret).id,
    nonce: randomBytes(NONCE_BYTES).toString("base64url"),
    time: new Date().toISOString(),
    publicKey,
    agent: wanted.agent ?? null,
    class: wanted.internet ?? null,
    host,
    version: ownVersion(),
  } as const;
  const request = { ...asked, proof: proveJoiner(token.secret, asked) };
  const { answer, authority } = await askByAuthority(token.gateway, request, signal);
  if (!isGatewayProven(token.secret, asked, answer)) throw new JoinError("GATEWAY_UNPROVEN", token.gateway);
  // The connection proves only that authority; the gateway's signed answer proves that it is the mesh.
  if (authority !== undefined && authority !== answer.authority)
    throw new JoinError("AUTHORITY_UNKNOWN", `${token.gateway}: something between has a certificate of its own`);
  return answer;
}

/** Asks over a connection that Node trusts, or else over one that is verified by the authority that the gateway names. */
async function askByAuthority(
  gateway: string,
  request: JoinRequest,
  signal?: AbortSignal,
): Promise<{ answer: JoinAnswer; authority?: string }> {
  try {
    return { answer: await askGateway(gateway, JOIN_PATH, request, JoinAnswer, { signal }) };
  } catch (error) {
    if (!(error instanceof JoinError) || error.code !== "AUTHORITY_UNKNOWN") throw error;
    const authority = await fetchAuthority(gateway, signal);
    if (authority === undefined) throw error;
    return { answer: await askGateway(gateway, JOIN_PATH, request, JoinAnswer, { signal, authority }), authority };
  }
}
