/** Requests that a joined agent makes with its own key. */

import { fromPublic } from "@nats-io/jwt";
import { JoinError } from "../../schema/join-errors.js";
import type { AgentRequest, RenewAnswer } from "../../schema/join-messages.js";
import { agentRequestText, renewAnswerText } from "../../schema/join-proof.js";
import type { Caller } from "../caller.js";
import { deleteAgentKey, markRenewed, readAgentKey, type AgentKeyRecord } from "../db/agent-keys.js";
import { audit } from "../db/audit.js";
import type { ScanContext } from "../scan/context.js";
import { readBusAccess } from "./bus-access.js";
import { checkClock, checkVersion, requireAccounts } from "./checks.js";

/** Signs an agent's user again, even long after it expired: the agent or all gateways may have been away. Throws JoinError. */
export async function renewAgent(ctx: ScanContext, request: AgentRequest): Promise<RenewAnswer> {
  const accounts = requireAccounts(ctx);
  const { publicKey, version } = request;
  const { agent, class: internet } = await authenticateAgent(ctx, request);
  checkVersion(version);
  const user = (await accounts.renewUser(agent)) ?? (await accounts.issueAgent({ agent, publicKey, internet, engines: [] }));
  await markRenewed(ctx.db, publicKey, version);
  const answer = { v: 1 as const, agent, class: internet, ...(await readBusAccess(ctx.config)), jwt: user.jwt };
  const signature = accounts.signText(renewAnswerText(request.nonce, answer));
  return { ...answer, signature: Buffer.from(signature).toString("base64url") };
}

/** Forgets an agent that leaves, and its account. Throws JoinError. */
export async function leaveAgent(ctx: ScanContext, caller: Caller, request: AgentRequest): Promise<void> {
  const accounts = requireAccounts(ctx);
  const { publicKey, agent } = await authenticateAgent(ctx, request);
  await ctx.db.transaction().execute(async (tx) => {
    await deleteAgentKey(tx, publicKey);
    await audit(tx, caller, "leaveAgent", agent, { publicKey });
  });
  await accounts.tellChanges(agent);
}

/** The agent whose key signed a request. */
async function authenticateAgent({ db }: ScanContext, request: AgentRequest): Promise<AgentKeyRecord> {
  const { publicKey, signature, ...signed } = request;
  const key = await readAgentKey(db, publicKey);
  // Checking a signature is expensive, so it is done only for known keys.
  if (!key) throw new JoinError("AGENT_UNKNOWN");
  if (!isSignedBy(publicKey, agentRequestText({ ...signed, publicKey }), signature)) throw new JoinError("PROOF_WRONG");
  if (key.state === "REVOKED") throw new JoinError("AGENT_REVOKED", key.agent);
  if (key.state === "WAITING") throw new JoinError("AGENT_WAITING", key.agent);
  checkClock(request.time);
  return key;
}

function isSignedBy(publicKey: string, text: Uint8Array, signature: string): boolean {
  return fromPublic(publicKey).verify(text, Buffer.from(signature, "base64url"));
}
