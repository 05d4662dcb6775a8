import { createHash } from "node:crypto";
import { bundleChunks, bundleDigest, BundleManifest, type BundleFile } from "../../schema/bundle.js";
import { MalformedMessage, parseMessage } from "../../schema/messages.js";
import { RULESET_LIMITS } from "../../schema/rule-job.js";
import type { BundleReader } from "../bundles/bundle-reader.js";
import { Failed } from "../contract.js";
import { decodeRules } from "../runners/builtin/rule-files.js";
import type { RulesetFile } from "../runners/builtin/rule-check.js";
import { untilThere } from "./until-there.js";

/** Reads a ruleset from the mesh, and waits while that is away. Throws {@link Failed} if it is not what its digest says. */
export async function readRuleset(reader: BundleReader, digest: string, signal: AbortSignal): Promise<RulesetFile[]> {
  const manifest = await readManifest(reader, digest, signal);
  const files: RulesetFile[] = [];
  for (const file of manifest.files) files.push({ path: file.path, ...decodeRules(await readFile(reader, file, signal)) });
  return files;
}

async function readManifest(reader: BundleReader, digest: string, signal: AbortSignal): Promise<BundleManifest> {
  const bytes = await readChunk(reader, digest, 0, signal);
  if (bytes === undefined || bundleDigest(bytes) !== digest) throw new Failed("the mesh no longer has this ruleset's file list");
  try {
    const manifest = parseMessage(BundleManifest, bytes);
    const size = manifest.files.reduce((sum, file) => sum + file.size, 0);
    if (size <= RULESET_LIMITS.size && manifest.files.length <= RULESET_LIMITS.files) return manifest;
  } catch (error) {
    if (!(error instanceof MalformedMessage)) throw error;
  }
  throw new Failed("its file list is not that of a ruleset");
}

async function readFile(reader: BundleReader, { path, sha256, size }: BundleFile, signal: AbortSignal): Promise<Buffer> {
  const hash = createHash("sha256");
  const parts: Uint8Array[] = [];
  for (let n = 0; n < bundleChunks(size); n++) {
    const part = await readChunk(reader, sha256, n, signal);
    if (part === undefined) throw new Failed(`the mesh lacks a part of its file ${path}`);
    hash.update(part);
    parts.push(part);
  }
  if (hash.digest("hex") !== sha256) throw new Failed(`its file ${path} is not what it was: the mesh's copy is damaged`);
  return Buffer.concat(parts);
}

function readChunk(reader: BundleReader, sha256: string, n: number, signal: AbortSignal) {
  return untilThere(() => reader.read(sha256, n), signal);
}
