/**
 * Join tokens: what a host is given to join a mesh. A token holds the gateway's address and a secret of 128 bits. The gateway stores
 * keys that are derived from the secret, as SCRAM does it (RFC 5802, section 3): whoever reads them cannot join with them. The secret is
 * random, so it needs neither salt nor iterations.
 */

import { createHash, createHmac, randomBytes } from "node:crypto";

/** What a token's text says. */
export interface JoinToken {
  /** The gateway's address, without a slash at its end. */
  readonly gateway: string;
  readonly secret: Buffer;
}

/** What the gateway knows of a token's secret. */
export interface JoinKeys {
  /** Names the token; not secret. */
  readonly id: string;
  /** Proves whether a joiner has the secret. */
  readonly storedKey: Buffer;
  /** Proves to a joiner that the gateway knows its token. */
  readonly serverKey: Buffer;
}

/** Why a text is no token: it is something else, or characters of the token are missing or changed. */
export class UnreadableToken extends Error {
  override readonly name = "UnreadableToken";
  constructor(readonly problem: "NO_TOKEN" | "TOKEN_INCOMPLETE") {
    super(problem);
  }
}

const PREFIX = "smj1_";
const SECRET_BYTES = 16;
const CHECK_BYTES = 3;
const SCHEMES = ["https://", "http://"] as const;
/** Longest address of a gateway in a token. */
export const GATEWAY_ADDRESS_LENGTH = 200;

/** Generates the secret of a new token. */
export function generateJoinSecret(): Buffer {
  return randomBytes(SECRET_BYTES);
}

/** The text of a token, `smj1_` and letters, digits, `_` and `-`. */
export function formatJoinToken({ gateway, secret }: JoinToken): string {
  const scheme = SCHEMES.findIndex((one) => gateway.startsWith(one));
  const content = Buffer.concat([Buffer.of(scheme), Buffer.from(gateway.slice(SCHEMES[scheme]?.length ?? 0)), secret]);
  return PREFIX + Buffer.concat([content, checkOf(content)]).toString("base64url");
}

/** Reads a token's text. Throws {@link UnreadableToken}. */
export function parseJoinToken(text: string): JoinToken {
  if (!text.startsWith(PREFIX)) throw new UnreadableToken("NO_TOKEN");
  const bytes = Buffer.from(text.slice(PREFIX.length), "base64url");
  const content = bytes.subarray(0, -CHECK_BYTES);
  const scheme = SCHEMES[content[0] ?? SCHEMES.length];
  const isWhole = content.length > SECRET_BYTES + 1 && bytes.subarray(-CHECK_BYTES).equals(checkOf(content));
  if (!isWhole || scheme === undefined) throw new UnreadableToken("TOKEN_INCOMPLETE");
  const gateway = scheme + content.subarray(1, -SECRET_BYTES).toString("utf8");
  return { gateway, secret: content.subarray(-SECRET_BYTES) };
}

/** What an address in a line for a shell may have. */
const ADDRESS = /^https?:\/\/[\w.:/~%[\]-]+$/;

/** The gateway's address as a token has it; undefined for what is no address that one could have. */
export function tokenAddress(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const { origin, pathname, search, hash, username, password } = new URL(text);
  const address = origin + pathname.replace(/\/+$/, "");
  const isPlain = ADDRESS.test(address) && search + hash + username + password === "";
  return isPlain && address.length <= GATEWAY_ADDRESS_LENGTH ? address : undefined;
}

/** What the gateway stores of a secret. */
export function deriveJoinKeys(secret: Buffer): JoinKeys {
  return {
    id: derive(secret, "id").subarray(0, 8).toString("hex"),
    storedKey: createHash("sha256").update(joinerKey(secret)).digest(),
    serverKey: derive(secret, "gateway"),
  };
}

/** The key that a joiner has, of which the gateway stores the hash. */
export function joinerKey(secret: Buffer): Buffer {
  return derive(secret, "joiner");
}

function derive(secret: Buffer, purpose: string): Buffer {
  return createHmac("sha256", secret).update(`ScanMesh join 1 ${purpose}`).digest();
}

function checkOf(content: Buffer): Buffer {
  return createHash("sha256").update(content).digest().subarray(0, CHECK_BYTES);
}
