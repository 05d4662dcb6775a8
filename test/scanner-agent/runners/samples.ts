import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { RunOptions, Sample } from "../../../scanner-agent/contract.js";
import { hashes } from "../hashes.js";

/** A sample on disk. */
export async function sampleFile(folder: string, bytes: Buffer): Promise<Sample> {
  const names = hashes(bytes);
  const path = join(folder, names.sha256);
  await writeFile(path, bytes);
  return { ...names, path, size: bytes.length };
}

/** A sample in memory. */
export function sampleBytes(bytes: Buffer): Sample {
  return { ...hashes(bytes), path: null, bytes, size: bytes.length };
}

/** A sample that is only a path. */
export function pathOnly(path: string | null): Sample {
  return { path, sha256: "0".repeat(64), sha1: "0".repeat(40), md5: "0".repeat(32), size: 1 };
}

export function runOptions(more: Partial<RunOptions> = {}): RunOptions {
  return { timeoutMs: 60_000, signal: new AbortController().signal, alone: false, ...more };
}
