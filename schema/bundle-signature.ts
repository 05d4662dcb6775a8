/** How a mesh signs its bundles: Ed25519 over {@link signedText}. Anybody with its public key can verify this with openssl. */

import { createHash, createPrivateKey, createPublicKey, sign, verify, type KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import { OperatorError } from "./operator-error.js";

/** The signed text of a bundle: the digest behind a prefix, so that the signature is valid for nothing else. */
export function signedText(digest: string): string {
  return `scanmesh bundle ${digest}`;
}

/** A public key of Ed25519 as `SubjectPublicKeyInfo`, from its text: PEM, or base64 of the same. Undefined for anything else. */
export function readPublicKey(text: string): Buffer | undefined {
  const lines = text.trim().split(/\r?\n/);
  const isPem = lines[0] === "-----BEGIN PUBLIC KEY-----" && lines.at(-1) === "-----END PUBLIC KEY-----";
  const base64 = (isPem ? lines.slice(1, -1) : lines).join("");
  if (!/^[A-Za-z0-9+/]{20,200}={0,2}$/.test(base64)) return undefined;
  const der = Buffer.from(base64, "base64");
  return keyOf(der) === undefined ? undefined : der;
}

function keyOf(der: Buffer): KeyObject | undefined {
  try {
    const key = createPublicKey({ key: der, format: "der", type: "spki" });
    return key.asymmetricKeyType === "ed25519" ? key : undefined;
  } catch (error) {
    // OpenSSL reports in many ways that these bytes are no key.
    if (error instanceof Error) return undefined;
    throw error;
  }
}

/** The fingerprint that people compare, `SHA256:…`. */
export function keyFingerprint(publicKey: Uint8Array): string {
  return `SHA256:${createHash("sha256").update(publicKey).digest("base64").replace(/=+$/, "")}`;
}

/** Whether a bundle was signed by this key. */
export function isBundleSignature(publicKey: Buffer, digest: string, signature: Uint8Array): boolean {
  const key = keyOf(publicKey);
  return key !== undefined && signature.length === 64 && verify(null, Buffer.from(signedText(digest)), key, signature);
}

/** The key by which a mesh signs its bundles. */
export interface BundleKey {
  /** As `SubjectPublicKeyInfo`. */
  readonly publicKey: Buffer;
  readonly fingerprint: string;
  sign(digest: string): Buffer;
}

/** The key in a file (PEM). Throws {@link OperatorError} for anything but a private key of Ed25519. */
export function readBundleKey(file: string): BundleKey {
  const key = readPrivateKey(file);
  const publicKey = createPublicKey(key).export({ format: "der", type: "spki" });
  return {
    publicKey,
    fingerprint: keyFingerprint(publicKey),
    sign: (digest) => sign(null, Buffer.from(signedText(digest)), key),
  };
}

function readPrivateKey(file: string): KeyObject {
  try {
    const key = createPrivateKey(readFileSync(file, "utf8"));
    if (key.asymmetricKeyType !== "ed25519") throw new Error(`it is of the kind ${key.asymmetricKeyType ?? "unknown"}`);
    return key;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new OperatorError(`${file} has no private key of Ed25519 (PEM) to sign bundles with: ${reason}.`, { cause: error });
  }
}
