import { createHash, randomBytes, randomInt, timingSafeEqual } from "node:crypto";

/** An API key as its holder has it, taken apart: `sm_<id>_<secret>`. */
export interface KeyText {
  readonly id: string;
  readonly secret: string;
}

const ID_LENGTH = 12;
const ID_LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz";
const SECRET_BYTES = 32;

/** A new key. Its secret is 256 random bits. */
export function makeKeyText(): KeyText & { readonly text: string } {
  const id = Array.from({ length: ID_LENGTH }, () => ID_LETTERS[randomInt(ID_LETTERS.length)]).join("");
  const secret = randomBytes(SECRET_BYTES).toString("base64url");
  return { id, secret, text: `sm_${id}_${secret}` };
}

/** The parts of a key, or undefined for anything that {@link makeKeyText} cannot have made. */
export function readKeyText(text: string): KeyText | undefined {
  const [, id, secret] = /^sm_([0-9a-z]{8,32})_([\w-]{43})$/.exec(text) ?? [];
  return id === undefined || secret === undefined ? undefined : { id, secret };
}

/** What is stored of a secret. It is random, so there is nothing to guess that a slow hash would have to protect. */
export function hashSecret(secret: string): Buffer {
  return createHash("sha256").update(secret).digest();
}

export function isSecretOf(secret: string, hash: Buffer): boolean {
  return timingSafeEqual(hashSecret(secret), hash);
}
