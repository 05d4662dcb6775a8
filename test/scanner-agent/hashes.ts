import { createHash } from "node:crypto";

/** A sample's names, as results carry them. */
export function hashes(bytes: Buffer): { sha256: string; sha1: string; md5: string } {
  const hash = (name: string) => createHash(name).update(bytes).digest("hex");
  return { sha256: hash("sha256"), sha1: hash("sha1"), md5: hash("md5") };
}
