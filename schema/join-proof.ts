/**
 * How a host and a gateway prove a join token's secret to each other without sending it: as SCRAM does (RFC 5802, section 3), over what
 * the host asks and what the gateway answers.
 */

import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { AgentRequest, JoinAnswer, JoinRequest, RenewAnswer } from "./join-messages.js";
import { deriveJoinKeys, joinerKey, type JoinKeys } from "./join-token.js";

type Asked = Omit<JoinRequest, "proof">;
type Answered = Omit<JoinAnswer, "proof">;

/** The host's proof, base64url. */
export function proveJoiner(secret: Buffer, request: Asked): string {
  const mask = hmac(deriveJoinKeys(secret).storedKey, requestText(request));
  return xor(joinerKey(secret), mask).toString("base64url");
}

/** Whether the sender of a request has the secret. */
export function isJoinerProven({ storedKey }: Pick<JoinKeys, "storedKey">, { proof, ...request }: JoinRequest): boolean {
  const key = xor(Buffer.from(proof, "base64url"), hmac(storedKey, requestText(request)));
  return timingSafeEqual(createHash("sha256").update(key).digest(), storedKey);
}

/** The gateway's proof, base64url. */
export function proveGateway({ serverKey }: Pick<JoinKeys, "serverKey">, request: Asked, answer: Answered): string {
  return hmac(serverKey, `${requestText(request)}\n${answerText(answer)}`).toString("base64url");
}

/** Whether the sender of an answer to this request knows the token. */
export function isGatewayProven(secret: Buffer, request: Asked, { proof, ...answer }: JoinAnswer): boolean {
  const wanted = Buffer.from(proveGateway(deriveJoinKeys(secret), request, answer), "base64url");
  const given = Buffer.from(proof, "base64url");
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

/** What the agent's own key signs. */
export function agentRequestText({ v, verb, publicKey, nonce, time, version }: Omit<AgentRequest, "signature">): Uint8Array {
  return Buffer.from(JSON.stringify(["agent", v, verb, publicKey, nonce, time, version]));
}

/** What a gateway signs of its answer to a renewal with this nonce. */
export function renewAnswerText(nonce: string, answer: Omit<RenewAnswer, "signature">): Uint8Array {
  const { v, agent, class: internet, servers, jwt, authority = null } = answer;
  return Buffer.from(JSON.stringify(["renewed", v, nonce, agent, internet, servers, jwt, authority]));
}

function requestText({ v, token, nonce, time, publicKey, agent, class: internet, host, version }: Asked): string {
  return JSON.stringify(["join", v, token, nonce, time, publicKey, agent, internet, host, version]);
}

/** Without an authority it is the text that agents know which cannot read one. */
function answerText({ v, nonce, agent, class: internet, servers, jwt, authority }: Answered): string {
  const told = authority === undefined ? [] : [authority];
  return JSON.stringify(["joined", v, nonce, agent, internet, servers, jwt, ...told]);
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

function xor(one: Buffer, other: Buffer): Buffer {
  return Buffer.from(other.map((byte, i) => byte ^ (one[i] ?? 0)));
}
