import { randomBytes } from "node:crypto";
import { defaultAgentId } from "../../schema/agent-name.js";
import type { InternetClass } from "../../schema/classes.js";
import { JoinError, type JoinErrorCode } from "../../schema/join-errors.js";
import { NONCE_BYTES, type JoinAnswer, type JoinRequest } from "../../schema/join-messages.js";
import { isJoinerProven, proveGateway } from "../../schema/join-proof.js";
import type { Caller } from "../caller.js";
import {
  deleteAgentKey,
  deleteOldWaiting,
  isSilent,
  lockAgentName,
  readAgentKey,
  upsertAgentKey,
  type AgentKeyRecord,
} from "../db/agent-keys.js";
import { audit } from "../db/audit.js";
import { DatabaseAway } from "../errors.js";
import type { Tx } from "../db/database.js";
import { deleteRefusals, recordRefusal } from "../db/join-refusals.js";
import { hasUsed, readJoinToken, useJoinToken, type UsableJoinToken } from "../db/join-tokens.js";
import { REPEAT_MS } from "../fleet/hosts.js";
import type { ScanContext } from "../scan/context.js";
import { readBusAccess } from "./bus-access.js";
import { checkClock, checkVersion, requireAccounts } from "./checks.js";

/** The most keys that may wait for one name. */
const MOST_WAITING = 8;
/** A present agent is recorded more often than this, by any gateway that hears it. */
const SILENT_MS = 2 * REPEAT_MS;
const TAKEN_OVER = `it waits no longer once the other was not heard for ${SILENT_MS / 60_000} minutes`;

type Outcome = { readonly agent: string; readonly waits: boolean; readonly ephemeral: boolean };

/**
 * Admits a host that proves that it has a token's secret. Repeating the request with the same key uses the token once and returns the same
 * account, so a lost answer or a crashed gateway does no harm. Throws JoinError, which is also shown with the token.
 */
export async function joinAgent(ctx: ScanContext, caller: Caller, request: JoinRequest): Promise<JoinAnswer> {
  try {
    return await letIn(ctx, caller, request);
  } catch (error) {
    if (error instanceof JoinError) await note(ctx, request, error);
    throw error;
  }
}

async function note({ db, log }: ScanContext, { token, host, agent }: JoinRequest, error: JoinError): Promise<void> {
  const { code, detail = null } = error;
  try {
    await recordRefusal(db, token, { code, detail, agent, host: code === "PROOF_WRONG" ? "" : host });
  } catch (cause) {
    if (!(cause instanceof DatabaseAway)) log.warn({ err: cause }, "cannot note why a host was not let in");
  }
}

async function letIn(ctx: ScanContext, caller: Caller, request: JoinRequest): Promise<JoinAnswer> {
  const accounts = requireAccounts(ctx);
  const token = await readJoinToken(ctx.db, request.token);
  if (!token) throw new JoinError("TOKEN_UNKNOWN");
  if (!isJoinerProven(token, request)) throw new JoinError("PROOF_WRONG");
  checkClock(request.time);
  checkVersion(request.version);
  const { agent, waits, ephemeral } = await ctx.db.transaction().execute((tx) => enter(ctx, tx, caller, request));
  if (waits) throw new JoinError("AGENT_WAITING", ephemeral ? `${agent}; ${TAKEN_OVER}` : agent);
  await ctx.failpoint("joined");
  const { publicKey } = request;
  const { jwt } = await accounts.issueAgent({ agent, publicKey, internet: token.class, engines: [] });
  await ctx.failpoint("accountMade");
  const nonce = randomBytes(NONCE_BYTES).toString("base64url");
  const answer: Omit<JoinAnswer, "proof"> = {
    v: 1,
    nonce,
    agent,
    class: token.class,
    ...(await readBusAccess(ctx.config)),
    jwt,
  };
  return { ...answer, proof: proveGateway(token, request, answer) };
}

/** Uses the token and enters the agent's key, once. */
async function enter(ctx: ScanContext, tx: Tx, caller: Caller, request: JoinRequest): Promise<Outcome> {
  const { token: id, publicKey, host, version } = request;
  const token = await readJoinToken(tx, id);
  if (!token) throw new JoinError("TOKEN_UNKNOWN");
  const isRepeated = await hasUsed(tx, id, publicKey);
  const problem = problemOf(token, request.class, isRepeated);
  if (problem) throw new JoinError(problem);
  const agent = request.agent ?? defaultAgentId(host, token.class);
  if (!isAllowed(token.namePattern, agent)) throw new JoinError("NAME_NOT_ALLOWED", `${agent}, not ${token.namePattern}`);

  await deleteOldWaiting(tx);
  const keys = await lockAgentName(tx, agent);
  const own = await readAgentKey(tx, publicKey);
  if (own?.state === "REVOKED") throw new JoinError("AGENT_REVOKED", own.agent);
  // A key under another name could not be revoked by the agent's name.
  if (own && (own.agent !== agent || own.class !== token.class))
    throw new JoinError("KEY_IN_USE", `it is the key of ${own.agent}, class ${own.class}`);
  const holder = keys.find(({ state, publicKey: key }) => state === "JOINED" && key !== publicKey);
  const waits = holder !== undefined && !(await isFree(ctx, tx, holder, token));
  if (waits && !own && keys.filter(({ state }) => state === "WAITING").length >= MOST_WAITING)
    throw new JoinError("AGENT_WAITING", `${MOST_WAITING} other keys wait for ${agent} already`);
  if (!isRepeated) await useJoinToken(tx, id, publicKey, agent);
  if (holder && !waits) await deleteAgentKey(tx, holder.publicKey);
  const state = waits ? "WAITING" : "JOINED";
  const { class: internet, ephemeral } = token;
  const isEntered = await upsertAgentKey(tx, { publicKey, agent, class: internet, state, ephemeral, host, version });
  if (!isEntered) throw new JoinError("KEY_IN_USE", "it has just joined under another name");
  if (!waits) await deleteRefusals(tx, id, host);
  if (own?.state !== state) await audit(tx, caller, "joinAgent", agent, { token: id, publicKey, state, class: internet, host });
  return { agent, waits, ephemeral: token.ephemeral && holder?.ephemeral === true };
}

/** Why a token cannot be used. A host that has used it before may repeat its request, unless the token was revoked. */
function problemOf(token: UsableJoinToken, wanted: InternetClass | null, isRepeated: boolean): JoinErrorCode | undefined {
  if (token.isRevoked) return "TOKEN_REVOKED";
  if (wanted !== null && wanted !== token.class) return "TOKEN_OF_OTHER_CLASS";
  if (isRepeated) return undefined;
  if (token.isExpired) return "TOKEN_EXPIRED";
  return token.isUsedUp ? "TOKEN_USED_UP" : undefined;
}

/**
 * Whether an agent's name may be given to another key at once: both are ephemeral, and the agent is gone. A gateway that has just started
 * has not heard any agents yet, so Postgres is asked too.
 */
async function isFree({ fleet }: ScanContext, tx: Tx, holder: AgentKeyRecord, token: UsableJoinToken): Promise<boolean> {
  if (!holder.ephemeral || !token.ephemeral || holder.class !== token.class) return false;
  if (fleet.agents().some(({ agent }) => agent === holder.agent)) return false;
  return isSilent(tx, holder.publicKey, SILENT_MS);
}

function isAllowed(pattern: string | null, name: string): boolean {
  if (pattern === null) return true;
  const parts = pattern.split("*");
  const [first = "", ...rest] = parts;
  if (rest.length === 0) return name === first;
  const last = rest.pop() ?? "";
  if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length) return false;
  let at = first.length;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return at <= name.length - last.length;
}
