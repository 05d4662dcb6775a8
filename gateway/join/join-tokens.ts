import type { InternetClass } from "../../schema/classes.js";
import {
  deriveJoinKeys,
  formatJoinToken,
  GATEWAY_ADDRESS_LENGTH,
  generateJoinSecret,
  tokenAddress,
} from "../../schema/join-token.js";
import type { Caller } from "../caller.js";
import { audit } from "../db/audit.js";
import { deleteEndedJoinTokens, insertJoinToken, revokeJoinTokenRow, type JoinTokenRecord } from "../db/join-tokens.js";
import { badInput, GatewayError } from "../errors.js";
import type { ScanContext } from "../scan/context.js";

/** The properties of a new token. */
export interface JoinTokenInput {
  /** The class of the agents that join with it. */
  readonly class: InternetClass;
  /** The address at which joining hosts reach a gateway. */
  readonly gateway: string;
  readonly ttlSeconds?: number | undefined;
  /** How many agents may join with it. */
  readonly uses?: number | undefined;
  /** The names that they may take; `*` matches any characters. */
  readonly namePattern?: string | undefined;
  readonly ephemeral?: boolean | undefined;
}

/** A new token. Its text cannot be retrieved later. */
export interface CreatedJoinToken {
  readonly record: JoinTokenRecord;
  readonly text: string;
}

/** The defaults of a token. */
export const JOIN_TOKEN = { ttlSeconds: 3_600, uses: 1 } as const;
const TTL_SECONDS = { min: 60, max: 30 * 86_400 };
const USES_MAX = 1_000;
const NAME_PATTERN = /^[A-Za-z0-9_*-]{1,64}$/;

/** Creates a token. Throws BAD_INPUT. */
export async function createJoinToken(
  { db }: Pick<ScanContext, "db">,
  caller: Caller,
  input: JoinTokenInput,
): Promise<CreatedJoinToken> {
  const { class: internet, ttlSeconds = JOIN_TOKEN.ttlSeconds, uses = JOIN_TOKEN.uses, ephemeral = false } = input;
  const namePattern = input.namePattern ?? null;
  const gateway = tokenAddress(input.gateway);
  if (gateway === undefined)
    throw badInput(
      "gateway",
      `needs an address such as https://scan.example.org, of ${GATEWAY_ADDRESS_LENGTH} characters at most, without a query`,
    );
  if (!isWhole(ttlSeconds, TTL_SECONDS)) throw badInput("ttl", `must be from ${TTL_SECONDS.min} to ${TTL_SECONDS.max} seconds`);
  if (!isWhole(uses, { min: 1, max: USES_MAX })) throw badInput("uses", `must be a whole number from 1 to ${USES_MAX}`);
  if (namePattern !== null && !NAME_PATTERN.test(namePattern))
    throw badInput("namePattern", "needs 1 to 64 letters, digits, '_' or '-', and '*' for any characters");
  const secret = generateJoinSecret();
  const keys = deriveJoinKeys(secret);
  const record = await db.transaction().execute(async (tx) => {
    await deleteEndedJoinTokens(tx);
    const inserted = await insertJoinToken(tx, { ...keys, class: internet, namePattern, ephemeral, uses, ttlSeconds });
    await audit(tx, caller, "createJoinToken", keys.id, { class: internet, gateway, ttlSeconds, uses, namePattern, ephemeral });
    return inserted;
  });
  return { record, text: formatJoinToken({ gateway, secret }) };
}

/** Revokes a token, so that nobody can join with it any more; agents that have joined stay. Throws NOT_FOUND. */
export async function revokeJoinToken({ db }: Pick<ScanContext, "db">, caller: Caller, id: string): Promise<JoinTokenRecord> {
  return db.transaction().execute(async (tx) => {
    const found = await revokeJoinTokenRow(tx, id);
    if (!found) throw new GatewayError("NOT_FOUND", `there is no join token ${id}`);
    if (found.changed) await audit(tx, caller, "revokeJoinToken", id);
    return found.token;
  });
}

function isWhole(value: number, { min, max }: { min: number; max: number }): boolean {
  return Number.isInteger(value) && value >= min && value <= max;
}
