import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Manifest } from "../../schema/manifest.js";
import { Unavailable, type Outcome, type Sample } from "../contract.js";
import type { Spool } from "../samples/spool.js";

/** The test file of the antivirus industry, in pieces: a file that holds it in one would itself be detected. */
const EICAR = ["X5O!P%@AP[4\\PZX54(P^)7CC)7}$", "EICAR-STANDARD", "-ANTIVIRUS-TEST", "-FILE!$H+H*"].join("");
const CLEAN = "This file is clean: whoever finds something in it is wrong.\n";

/** Tests an engine through `scan`. Throws {@link Unavailable} that says what it got wrong. */
export type SelfTest = (manifest: Manifest, scan: (sample: Sample) => Promise<Outcome>) => Promise<void>;

/** Creates the self-test and its two files: an AV engine must find EICAR, and no engine may find anything in a clean file. */
export async function createSelfTest(spool: Spool): Promise<SelfTest> {
  const folder = await spool.make("self-test");
  const eicar = await writeSample(folder, EICAR);
  const clean = await writeSample(folder, CLEAN);
  return async (manifest, scan) => {
    const inputFor = (sample: Sample): Sample => (manifest.input === "file" ? sample : { ...sample, path: null });
    if (manifest.type === "AV") {
      const outcome = await scan(inputFor(eicar));
      if (outcome.verdict !== "INFECTED")
        throw new Unavailable(`self-test: it did not find EICAR but reported ${describe(outcome)}`);
    } else if (manifest.input === "hash") {
      // A look-up tells others the hash, so no look-up is made for a test.
      return;
    }
    const outcome = await scan(inputFor(clean));
    if (!passesClean(manifest, outcome)) throw new Unavailable(`self-test: it reported of a clean file ${describe(outcome)}`);
  };
}

function passesClean(manifest: Manifest, { state, verdict }: Outcome): boolean {
  if (manifest.type === "AV") return state === "DONE" && verdict === "CLEAN";
  return state === "UNSCANNED" || (state === "DONE" && (verdict === null || verdict === "CLEAN"));
}

function describe({ state, verdict, signature, error }: Outcome): string {
  return [state, verdict, signature, error]
    .filter((part) => part !== null)
    .join(", ")
    .slice(0, 800);
}

async function writeSample(folder: string, text: string): Promise<Sample> {
  const hash = (name: string) => createHash(name).update(text).digest("hex");
  const sha256 = hash("sha256");
  const path = join(folder, sha256);
  await writeFile(path, text, { mode: 0o444 });
  return { path, sha256, sha1: hash("sha1"), md5: hash("md5"), size: Buffer.byteLength(text) };
}
