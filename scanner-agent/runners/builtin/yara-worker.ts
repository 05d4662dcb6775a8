/** The Yara engine: YARA-X, compiled to WebAssembly, with the project's rules and the operator's. */

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import init, { Compiler, Scanner, type Rules } from "@virustotal/yara-x";
import { z } from "zod";
import { reasonOf, type Sample } from "../../contract.js";
import { serveWorker } from "./worker-server.js";
import { readRuleFiles, type RuleFile } from "./rule-files.js";

/** Larger samples are UNSCANNED: the file and its copy in WebAssembly memory must both fit. */
const MAX_SAMPLE = 128 * 1024 * 1024;
const MAX_MATCHES_PER_PATTERN = 32;

const Data = z.object({ folders: z.array(z.string()) });

serveWorker(async (data) => {
  const { folders } = Data.parse(data);
  const pkg = createRequire(import.meta.url).resolve("@virustotal/yara-x/package.json");
  // By itself it fetches its module from a URL, which Node cannot do with a file.
  await init({ module_or_path: await readFile(join(dirname(pkg), "pkg", "yara_x_js_bg.wasm")) });
  const { version } = z.object({ version: z.string() }).parse(JSON.parse(await readFile(pkg, "utf8")));

  const files = await readRuleFiles(folders);
  const { rules, good, problems } = compile(files);
  const scanner = new Scanner(rules);
  scanner.setMaxMatchesPerPattern(MAX_MATCHES_PER_PATTERN);
  return {
    problems,
    versions: {
      engine: version,
      signatures: ruleSetName(good, files.length),
      signatureDate: new Date(Math.max(...good.map((file) => file.modified.getTime()))).toISOString(),
    },
    scan: (sample) => scan(scanner, sample),
  };
});

/** Compiles the files that compile. One broken file would spoil the whole set, so each is tried by itself first. */
function compile(files: readonly RuleFile[]): { rules: Rules; good: RuleFile[]; problems: string[] } {
  const problems: string[] = [];
  const good = files.filter((file) => {
    const problem = problemOf(file);
    if (problem !== undefined) problems.push(`${file.path}${problem}`);
    return problem === undefined;
  });
  if (good.length === 0)
    throw new Error(files.length === 0 ? "there is no rule file" : `no rule file compiles: ${problems.join("; ")}`);
  using compiler = new Compiler();
  for (const file of good) {
    compiler.newNamespace(file.namespace);
    compiler.addSource(file.source);
  }
  return { rules: compiler.build(), good, problems };
}

/** `:<line>: <message>` of a file that does not compile. */
function problemOf(file: RuleFile): string | undefined {
  using compiler = new Compiler();
  try {
    compiler.addSource(file.source);
    return undefined;
  } catch (error) {
    const message = reasonOf(error);
    const line = /-->\s*(?:line:)?(\d+):\d+/.exec(message)?.[1] ?? "1";
    return `:${line}: ${message.split("\n", 1)[0]?.replace(/^error/, "") ?? "does not compile"}`;
  }
}

function ruleSetName(good: readonly RuleFile[], total: number): string {
  const hash = createHash("sha256");
  for (const file of good) hash.update(`${file.namespace}\0${file.source}\0`);
  const name = hash.digest("hex").slice(0, 12);
  return good.length === total ? name : `${name} (${total - good.length} of ${total} rule files do not compile)`;
}

async function scan(scanner: Scanner, sample: Sample): Promise<unknown> {
  if (sample.path === null) throw new Error("Yara needs the sample's bytes");
  if (sample.size > MAX_SAMPLE) return { unscanned: `larger than the ${MAX_SAMPLE / 1024 ** 2} MiB that Yara reads` };
  return scanner.scan(await readFile(sample.path));
}
