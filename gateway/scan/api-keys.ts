import type { Scope } from "../../schema/scopes.js";
import type { Caller } from "../caller.js";
import { insertApiKey, revokeApiKeyRow, type ApiKeyRecord } from "../db/api-keys.js";
import { audit } from "../db/audit.js";
import { badInput, GatewayError } from "../errors.js";
import { hashSecret, generateKeyText } from "../keys/key-text.js";
import type { ScanContext } from "./context.js";

/** The properties of a new key. */
export interface ApiKeyInput {
  /** Tells people what the key is for or who uses it: 1 to 200 characters. */
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly expiresAt?: Date | undefined;
  /** Requests per second. */
  readonly rate?: number | undefined;
  /** Scans per day (UTC). */
  readonly dailyScans?: number | undefined;
}

/** A new key. Its text cannot be retrieved later. */
export interface CreatedKey {
  readonly record: ApiKeyRecord;
  readonly text: string;
}

const NAME_LENGTH = 200;
const RATE = { min: 0.01, max: 100_000 };
const DAILY_SCANS_MAX = 1_000_000_000;

/** Creates a key. Throws BAD_INPUT. */
export async function createApiKey({ db }: Pick<ScanContext, "db">, caller: Caller, input: ApiKeyInput): Promise<CreatedKey> {
  const { name, scopes, expiresAt, rate, dailyScans } = checkInput(input);
  const { id, secret, text } = generateKeyText();
  const limits = { rate: rate ?? null, dailyScans: dailyScans ?? null, expiresAt: expiresAt ?? null };
  const record = await db.transaction().execute(async (tx) => {
    const inserted = await insertApiKey(tx, { id, hash: hashSecret(secret), name, scopes, ...limits });
    await audit(tx, caller, "createApiKey", id, { name, scopes, ...limits });
    return inserted;
  });
  return { record, text };
}

/**
 * Revokes a key. It gives no access any more, and its open connections are closed: on this gateway at once, on others within seconds. A key
 * that is already revoked is unchanged. Throws NOT_FOUND.
 */
export async function revokeApiKey(
  { db, bus, keyring }: Pick<ScanContext, "db"> & Partial<Pick<ScanContext, "bus" | "keyring">>,
  caller: Caller,
  id: string,
): Promise<ApiKeyRecord> {
  const key = await db.transaction().execute(async (tx) => {
    const found = await revokeApiKeyRow(tx, id);
    if (!found) throw new GatewayError("NOT_FOUND", `there is no API key ${id}`);
    if (found.changed) await audit(tx, caller, "revokeApiKey", id, { name: found.key.name });
    return found.key;
  });
  bus?.sendKeysChanged();
  await keyring?.refresh();
  return key;
}

function checkInput(input: ApiKeyInput): ApiKeyInput {
  const { scopes, expiresAt, rate, dailyScans } = input;
  const name = input.name.trim();
  if (name.length < 1 || name.length > NAME_LENGTH || /[\u0000-\u001f\u007f-\u009f]/.test(name))
    throw badInput("name", `needs 1 to ${NAME_LENGTH} printable characters`);
  if (scopes.length === 0) throw badInput("scopes", "needs one at least");
  if (expiresAt !== undefined && !(expiresAt.getTime() > Date.now())) throw badInput("expiresAt", "must be in the future");
  if (rate !== undefined && !(rate >= RATE.min && rate <= RATE.max))
    throw badInput("rate", `must be from ${RATE.min} to ${RATE.max} requests a second`);
  if (dailyScans !== undefined && !(Number.isInteger(dailyScans) && dailyScans >= 1 && dailyScans <= DAILY_SCANS_MAX))
    throw badInput("dailyScans", `must be a whole number from 1 to ${DAILY_SCANS_MAX}`);
  return { ...input, name, scopes: [...new Set(scopes)] };
}
