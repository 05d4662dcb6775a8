/**
 * A bundle as one file: a tar, in this order of {@link EXPORT_PATHS}: what is signed, the manifest as its digest is made of it, and each
 * file of the manifest once, by its sha256.
 */

import { z } from "zod";
import { hashText } from "./hashes.js";

/** The names in the tar. */
export const EXPORT_PATHS = {
  signature: "signature.json",
  manifest: "manifest.json",
  file: (sha256: string): string => `files/${sha256}`,
};

/** Who signed the bundle, and how. */
export const BundleSignature = z.object({
  v: z.literal(1),
  /** sha256 of the manifest. */
  digest: hashText("sha256"),
  /**
   * Ed25519, base64 of its SubjectPublicKeyInfo. It says who the signer claims to be: only a key that was trusted before counts.
   */
  publicKey: z.base64().max(200),
  /** Of `signedText(digest)`, base64. */
  signature: z.base64().max(200),
});
/** What {@link BundleSignature} parses. */
export type BundleSignature = z.infer<typeof BundleSignature>;

const BLOCK = 512;

/** Bytes of a tar of files of these sizes: a header and whole blocks for each, and two blocks at the end. */
export function exportSize(sizes: readonly number[]): number {
  return sizes.reduce((sum, size) => sum + BLOCK + Math.ceil(size / BLOCK) * BLOCK, 2 * BLOCK);
}
