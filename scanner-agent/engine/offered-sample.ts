import type { Runner, Sample } from "../contract.js";

/** A sample that may be in memory only. */
export interface OfferedSample extends Sample {
  /** Makes its file, and answers its path. Throws {@link NoRoom} or {@link Unavailable}. */
  readonly file?: (() => string) | undefined;
}

/** The sample as a runner takes it. */
export function giveTo({ takesBytes = false }: Runner, { path, bytes, file, sha256, md5, sha1, size }: OfferedSample): Sample {
  const hashes = { sha256, md5, sha1, size };
  if (takesBytes && bytes !== undefined) return { ...hashes, path, bytes };
  return { ...hashes, path: path ?? file?.() ?? null };
}
