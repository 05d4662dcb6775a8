/** The Yara engine: YARA-X, compiled to WebAssembly, with the project's rules and the operator's. */

import { readFile } from "node:fs/promises";
import { Scanner } from "@virustotal/yara-x";
import { z } from "zod";
import { EngineVersions } from "../../../schema/engine-versions.js";
import type { Sample } from "../../contract.js";
import { fingerprintOf } from "../fingerprint.js";
import { serveWorker } from "./worker-server.js";
import { compileAll, MAX_SAMPLE, TOO_LARGE } from "./rule-compiler.js";
import { readRuleSet } from "./rule-set.js";
import { startYara, YARA_PACKAGE } from "./start-yara.js";

const MAX_MATCHES_PER_PATTERN = 32;

/** Rules that another worker has read and tried: all workers have the same, even while a folder is being written to. */
const Loaded = z.object({
  texts: z.array(z.object({ namespace: z.string(), text: z.string() })),
  versions: EngineVersions,
  problems: z.array(z.string()),
  faults: z.array(z.string()),
});
type Loaded = z.infer<typeof Loaded>;
const Data = z.union([z.object({ folders: z.array(z.string()) }), Loaded]);

serveWorker(async (data) => {
  const given = Data.parse(data);
  await startYara();
  const loaded = "folders" in given ? await load(given.folders) : given;
  const scanner = new Scanner(compileAll(loaded.texts));
  scanner.setMaxMatchesPerPattern(MAX_MATCHES_PER_PATTERN);
  return {
    problems: loaded.problems,
    faults: loaded.faults,
    versions: loaded.versions,
    fingerprint: fingerprintOf(loaded.texts),
    dataForOthers: loaded,
    scan: (sample) => scan(scanner, sample),
  };
});

async function load(folders: readonly string[]): Promise<Loaded> {
  const { version } = z.object({ version: z.string() }).parse(JSON.parse(await readFile(YARA_PACKAGE, "utf8")));
  const { texts, name, modified, problems, faults } = await readRuleSet(folders);
  return {
    texts: texts.map(({ namespace, text }) => ({ namespace, text })),
    versions: { engine: version, signatures: name, signatureDate: modified.toISOString() },
    problems: [...problems],
    faults: [...faults],
  };
}

async function scan(scanner: Scanner, sample: Sample): Promise<unknown> {
  const { bytes, path, size } = sample;
  if (size > MAX_SAMPLE) return { unscanned: TOO_LARGE };
  if (bytes !== undefined) return scanner.scan(bytes);
  if (path === null) throw new Error("Yara needs the sample's bytes");
  return scanner.scan(await readFile(path));
}
