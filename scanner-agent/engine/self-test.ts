import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Manifest } from "../../schema/manifest.js";
import { Unavailable, type Outcome, type Sample } from "../contract.js";
import type { Spool } from "../samples/spool.js";

/** The test file of the antivirus industry, in pieces: a file that holds it in one would itself be detected. */
const EICAR = ["X5O!P%@AP[4\\PZX54(P^)7CC)7}$", "EICAR-STANDARD", "-ANTIVIRUS-TEST", "-FILE!$H+H*"].join("");
const CLEAN = "This file is clean: whoever finds something in it is wrong.\n";

/** EICAR in a zip that is encrypted with the password `secret`. */
const ENCRYPTED =
  "UEsDBBQAAQAAAAAAIQA8z1FoUAAAAEQAAAABAAAAYepAOiDSr6zLERxlMaouDMkeSMJKy9OsEk2JLDcY1rbdly31CJxqZXjguIxoT/n/3EkmcxRtpTH46ytO" +
  "AhQbAsJhY1hzRX2BM/zgRiQlKyciUEsBAj8DFAABAAAAAAAhADzPUWhQAAAARAAAAAEAAAAAAAAAAAAggKSBAAAAAGFQSwUGAAAAAAEAAQAvAAAAbwAAAAAA";
/** Deeper than ClamAV looks. */
const DEPTH = 20;

/** Scans one of the test's files. */
type Scan = (sample: Sample) => Promise<Outcome>;

/**
 * Tests an engine through `scan`, and reports what it keeps silent about in samples that it cannot look into, a sentence each. Throws
 * {@link Unavailable} that says what it got wrong.
 */
export type SelfTest = (manifest: Manifest, scan: Scan) => Promise<readonly string[]>;

/**
 * Creates the self-test and its files: an AV engine must find EICAR, and no engine may find anything in a clean file. ClamAV is
 * asked of an encrypted and of a deeply nested archive too.
 */
export async function createSelfTest(spool: Spool): Promise<SelfTest> {
  const folder = await spool.make("self-test");
  const eicar = await writeSample(folder, EICAR);
  const clean = await writeSample(folder, CLEAN);
  const encrypted = await writeSample(folder, Buffer.from(ENCRYPTED, "base64"));
  const deep = await writeSample(folder, nest(Buffer.from(EICAR), DEPTH));
  return async (manifest, scan) => {
    const inputFor = (sample: Sample): Sample => (manifest.input === "file" ? sample : { ...sample, path: null });
    if (manifest.type === "AV") {
      const outcome = await scan(inputFor(eicar));
      if (outcome.verdict !== "INFECTED")
        throw new Unavailable(`self-test: it did not find EICAR but reported ${describeOutcome(outcome)}`);
    } else if (manifest.input === "hash") {
      // Lookups send hashes to third parties, so none is made for a test.
      return [];
    }
    const outcome = await scan(inputFor(clean));
    if (!passesClean(manifest, outcome))
      throw new Unavailable(`self-test: it reported of a clean file ${describeOutcome(outcome)}`);
    return isClamd(manifest) ? await findSilence(scan, { encrypted, deep }) : [];
  };
}

/** A daemon whose configuration may not be ours. */
export function isClamd({ output, run }: Manifest): boolean {
  return output === "clamd" && (run.process?.service === "clamd" || run.container?.socket !== undefined);
}

/** What only the inspector finds out, because the engine answers OK. */
async function findSilence(scan: Scan, { encrypted, deep }: { encrypted: Sample; deep: Sample }): Promise<string[]> {
  const silence = [];
  if (isSilent(await scan(encrypted))) silence.push(silenceOn("an encrypted archive", "AlertEncrypted"));
  if (isSilent(await scan(deep))) silence.push(silenceOn("an archive that is nested deeper than it looks", "AlertExceedsMax"));
  return silence;
}

function isSilent({ state, verdict }: Outcome): boolean {
  return state === "DONE" && verdict === "CLEAN";
}

function silenceOn(sample: string, setting: string): string {
  return `it answers OK to ${sample}, so the inspector alone decides whether that is clean: set \`${setting} yes\` in its clamd.conf`;
}

function nest(content: Buffer, depth: number): Buffer {
  return depth === 0 ? content : nest(gzipSync(content), depth - 1);
}

/** Whether an engine's answer for a clean file is acceptable. */
export function passesClean(manifest: Manifest, { state, verdict }: Outcome): boolean {
  if (manifest.type === "AV") return state === "DONE" && verdict === "CLEAN";
  return state === "UNSCANNED" || (state === "DONE" && (verdict === null || verdict === "CLEAN"));
}

/** For people. */
export function describeOutcome({ state, verdict, signature, error }: Outcome): string {
  return [state, verdict, signature, error]
    .filter((part) => part !== null)
    .join(", ")
    .slice(0, 800);
}

/** Writes a file for an engine; the caller removes it, or its folder. */
export async function writeSample(folder: string, content: string | Buffer): Promise<Sample> {
  const hash = (name: string) => createHash(name).update(content).digest("hex");
  const sha256 = hash("sha256");
  const path = join(folder, sha256);
  await writeFile(path, content, { mode: 0o444 });
  return { path, sha256, sha1: hash("sha1"), md5: hash("md5"), size: Buffer.byteLength(content) };
}
