import { createHash, randomBytes, randomInt, timingSafeEqual } from "node:crypto";

/** The parts of an API key's text, `sm_<id>_<secret>`. */
export interface KeyText {
  readonly id: string;
  readonly secret: string;
}

const ID_LENGTH = 12;
const ID_LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz";
const SECRET_BYTES = 32;

/** Generates a key with a secret of 256 random bits. */
export function generateKeyText(): KeyText & { readonly text: string } {
  const id = Array.from({ length: ID_LENGTH }, () => ID_LETTERS[randomInt(ID_LETTERS.length)]).join("");
  const secret = randomBytes(SECRET_BYTES).toString("base64url");
  return { id, secret, text: `sm_${id}_${secret}` };
}

/** The parts of a key's text, or undefined if {@link generateKeyText} cannot have produced it. */
export function parseKeyText(text: string): KeyText | undefined {
  const [, id, secret] = /^sm_([0-9a-z]{8,32})_([\w-]{43})$/.exec(text) ?? [];
  return id === undefined || secret === undefined ? undefined : { id, secret };
}

/** The stored form of a secret. A fast hash is enough, since the secret is random and cannot be guessed. */
export function hashSecret(secret: string): Buffer {
  return createHash("sha256").update(secret).digest();
}

export function isSecretOf(secret: string, hash: Buffer): boolean {
  return timingSafeEqual(hashSecret(secret), hash);
}
