import init, { Compiler, type Rules } from "@virustotal/yara-x";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

export const RULES_FOLDER = join(import.meta.dirname, "../../../scanner-agent/rules");

/** A rule that matched, as the compiled set knows it. */
export interface RuleMatch {
  rule: string;
  file: string;
  meta: Record<string, unknown>;
}

/** The rules that come with the scanner, compiled together, each file a namespace of its own. */
export interface RuleSet {
  /** Names by file, in the order of the text. */
  names: Map<string, string[]>;
  warnings: string[];
  scan(bytes: Uint8Array): RuleMatch[];
}

interface RawMatch {
  identifier: string;
  namespace: string;
  metadata: Array<{ identifier: string; value: unknown }>;
}

export async function ruleSet(): Promise<RuleSet> {
  const library = createRequire(import.meta.url).resolve("@virustotal/yara-x");
  await init({ module_or_path: readFileSync(library.replace(/\.js$/, "_bg.wasm")) });
  using compiler = new Compiler();
  const names = new Map<string, string[]>();
  for (const file of readdirSync(RULES_FOLDER).toSorted()) {
    const text = readFileSync(join(RULES_FOLDER, file), "utf8");
    names.set(
      file,
      Array.from(text.matchAll(/^(?:(?:private|global) )*rule (\w+)/gm), ([, name]) => name ?? ""),
    );
    compiler.newNamespace(file);
    compiler.addSource(text);
  }
  const warnings = [...compiler.warnings, ...compiler.errors];
  const rules = compiler.build();
  return { names, warnings, scan: (bytes) => matches(rules, bytes) };
}

function matches(rules: Rules, bytes: Uint8Array): RuleMatch[] {
  const found = rules.scan(bytes) as { valid: boolean; matches: RawMatch[] };
  if (!found.valid) throw new Error("the scan did not finish");
  return found.matches.map(({ identifier, namespace, metadata }) => ({
    rule: identifier,
    file: namespace,
    meta: Object.fromEntries(metadata.map(({ identifier: key, value }) => [key, value])),
  }));
}
