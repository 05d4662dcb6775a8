import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "pino";
import type { Manifest } from "../../schema/manifest.js";
import type { Provision } from "../bundles/provision.js";
import { hasCode, Unavailable, type Outcome, type Sample } from "../contract.js";
import type { Spool } from "../samples/spool.js";
import { findCleanFiles } from "./clean-files.js";
import { describeOutcome, isClamd, passesClean, writeSample, type SelfTest } from "./self-test.js";

/** EICAR in a zip, which an engine finds only if it unpacks. */
const ZIPPED =
  "UEsDBBQAAAAIAAAAIQA8z1FoRgAAAEQAAAABAAAAYYsw9VcMUHVwDIg2iQmIijA10QiI0zR3dtY0r1Vx9XR2DNINDnH0c3EMctF19AvxDPMMCg3WDXENDt" +
  "F18/RxVVTx0PbQAgBQSwECFAMUAAAACAAAACEAPM9RaEYAAABEAAAAAQAAAAAAAAAAAAAAgAEAAAAAYVBLBQYAAAAAAQABAC8AAABlAAAAAAA=";
/** This many files of the host are always scanned, however long that takes. */
const FEWEST_FILES = 20;

/** How candidates are tested. */
export interface TrialOptions {
  readonly spool: Spool;
  /** What every engine must pass. */
  readonly selfTest: SelfTest;
  /** How long files of the host are scanned. */
  readonly cleanMs: number;
  readonly log: Logger;
  /** Default: the programs of the operating system. */
  readonly cleanFiles?: (() => AsyncIterable<string>) | undefined;
}

/** Makes the test of a candidate: with what bundles give it, or null for what its host has. */
export type Trial = (provision: Provision | null) => SelfTest;

/**
 * Creates the test that a candidate must pass before it serves. Beyond the self-test it must detect the test file that each of its bundles
 * names, and must detect nothing in programs of this host. These are no secret, but an engine that reaches the internet is not given them.
 */
export async function createTrial({ spool, selfTest, cleanMs, log, cleanFiles = findCleanFiles }: TrialOptions): Promise<Trial> {
  const folder = await spool.make("self-test-of-candidates");

  async function scanCopy(bytes: Buffer, scan: (sample: Sample) => Promise<Outcome>): Promise<Outcome> {
    // Candidates of several engines are tested with the same files at once.
    const own = await mkdtemp(join(folder, "sample-"));
    try {
      await chmod(own, 0o755);
      return await scan(await writeSample(own, bytes));
    } finally {
      await rm(own, { recursive: true, force: true });
    }
  }

  async function scanPositives(manifest: Manifest, provision: Provision | null, scan: Parameters<SelfTest>[1]): Promise<void> {
    const positives = provision?.positives ?? [];
    for (const { set, file } of positives) await scanPositive(`the test file of its set ${set}`, await readFile(file), scan);
    if (positives.length === 0 && isClamd(manifest)) await scanPositive("EICAR in a zip", Buffer.from(ZIPPED, "base64"), scan);
  }

  async function scanPositive(what: string, bytes: Buffer, scan: Parameters<SelfTest>[1]): Promise<void> {
    const outcome = await scanCopy(bytes, scan);
    if (outcome.state !== "DONE") throw new Unavailable(`self-test: it did not finish ${what}: ${describeOutcome(outcome)}`);
    if (findsSomething(outcome)) return;
    throw new Unavailable(
      `self-test: it works and finds EICAR, but not ${what}: it reported ${describeOutcome(outcome)}, so its signatures lack something`,
    );
  }

  async function scanCleanFiles(manifest: Manifest, scan: Parameters<SelfTest>[1]): Promise<number> {
    const end = performance.now() + cleanMs;
    let scanned = 0;
    for await (const path of cleanFiles()) {
      if (scanned >= FEWEST_FILES && performance.now() > end) break;
      const bytes = await readProgram(path);
      if (bytes === undefined) continue;
      const outcome = await scanCopy(bytes, scan);
      if (!passesClean(manifest, outcome) || (manifest.detects && outcome.state !== "DONE"))
        throw new Unavailable(`self-test: it reported of this host's own program ${path} ${describeOutcome(outcome)}`);
      scanned += 1;
    }
    return scanned;
  }

  return (provision) => async (manifest, scan) => {
    const silence = await selfTest(manifest, scan);
    if (manifest.input === "hash") return silence;
    await scanPositives(manifest, provision, scan);
    if (!manifest.internet)
      log.info({ engine: manifest.name, files: await scanCleanFiles(manifest, scan) }, "Tested a candidate");
    return silence;
  };
}

function findsSomething({ verdict, signature }: Outcome): boolean {
  return verdict === "INFECTED" || verdict === "SUSPICIOUS" || (verdict === null && signature !== null);
}

/** Undefined if it is gone, or only its owner may read it. */
async function readProgram(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (hasCode(error, "ENOENT", "EACCES", "EPERM", "ETXTBSY")) return undefined;
    throw error;
  }
}
