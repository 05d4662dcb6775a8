import init, { Scanner } from "@virustotal/yara-x";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeAll, beforeEach } from "vitest";
import { compileAll } from "../../../../scanner-agent/runners/builtin/rule-compiler.js";
import { readRuleSet } from "../../../../scanner-agent/runners/builtin/rule-set.js";

/** Makes YARA-X ready in this process. */
export async function startYara(): Promise<void> {
  const library = createRequire(import.meta.url).resolve("@virustotal/yara-x");
  await init({ module_or_path: readFileSync(library.replace(/\.js$/, "_bg.wasm")) });
}

/** A rule folder of the test's own. */
export interface RuleFolder {
  readonly path: string;
  write(files: Readonly<Record<string, string | Uint8Array>>): Promise<void>;
  remove(): Promise<void>;
}

export async function makeRuleFolder(files: Readonly<Record<string, string | Uint8Array>> = {}): Promise<RuleFolder> {
  const path = await mkdtemp(join(tmpdir(), "scanmesh-test-rules-"));
  async function write(more: typeof files): Promise<void> {
    for (const [name, content] of Object.entries(more)) {
      await mkdir(dirname(join(path, name)), { recursive: true });
      await writeFile(join(path, name), content);
    }
  }
  await write(files);
  return { path, write, remove: () => rm(path, { recursive: true, force: true }) };
}

/** A rule that looks for a word. */
export const rule = (name: string, word: string, condition = "$a") =>
  `rule ${name} { strings: $a = "${word}" condition: ${condition} }`;

/** The names of rules that matched. */
export const names = (matches: readonly { rule: string }[]) => matches.map((match) => match.rule);

interface RawMatch {
  identifier: string;
  namespace: string;
  isPrivate: boolean;
  metadata: { identifier: string; value: unknown }[];
}

/** The problems of a folder's rules, with the folder's name left out, and what matches a text. */
export async function rulesIn(folder: RuleFolder) {
  const { texts, problems, name } = await readRuleSet([folder.path]);
  return {
    name,
    problems: problems.map((problem) => problem.replaceAll(`${folder.path}/`, "")),
    scan(text: string): { rule: string; namespace: string; meta: Record<string, unknown> }[] {
      using rules = compileAll(texts);
      using scanner = new Scanner(rules);
      const { matches } = scanner.scan(Buffer.from(text)) as { matches: RawMatch[] };
      const shown = matches.filter(({ isPrivate }) => !isPrivate);
      return shown.map(({ identifier, namespace, metadata }) => ({
        rule: identifier,
        namespace,
        meta: Object.fromEntries(metadata.map(({ identifier: key, value }) => [key, value])),
      }));
    },
  };
}

/** An empty rule folder for each test of a file, and what a set of rule files written into it says. */
export function useRuleFolder() {
  let folder: RuleFolder;
  beforeAll(startYara);
  beforeEach(async () => {
    folder = await makeRuleFolder();
  });
  afterEach(() => folder.remove());
  return {
    folder: () => folder,
    async read(files: Readonly<Record<string, string | Uint8Array>>) {
      await folder.write(files);
      return await rulesIn(folder);
    },
  };
}
