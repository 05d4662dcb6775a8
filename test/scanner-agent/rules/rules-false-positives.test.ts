import { readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { findProgram } from "../../../scanner-agent/processes/programs.js";
import { ruleSet, type RuleSet } from "./rule-set.js";

const PROJECT = join(import.meta.dirname, "../../..");
const LARGEST = 2 * 1024 * 1024;
/** Written by builds and tests, or by others: node_modules has its own turn below. */
const NOT_SOURCES = new Set(["node_modules", "dist", "public"]);

let rules: RuleSet;

beforeAll(async () => {
  rules = await ruleSet();
});

/** The files of at most 2 MiB below a folder, by name order, without those whose own or folder's name begins with a dot. */
function* filesBelow(folder: string, skipped: ReadonlySet<string> = new Set()): Generator<string> {
  const entries = readdirSync(folder, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.name.startsWith(".") || skipped.has(entry.name)) continue;
    if (entry.isDirectory()) yield* filesBelow(path, skipped);
    else if (entry.isFile() && statSync(path).size <= LARGEST) yield path;
  }
}

/** What the rules say against the first files, and how many were scanned: an empty folder must not pass for a clean one. */
function accused(files: Iterable<string>, limit = Infinity): { accusations: string[]; scanned: number } {
  const accusations: string[] = [];
  let scanned = 0;
  for (const path of files) {
    if (scanned === limit) break;
    scanned += 1;
    for (const { rule, meta } of rules.scan(readFileSync(path))) {
      if (meta["verdict"] !== undefined) accusations.push(`${path}: ${rule}`);
    }
  }
  return { accusations, scanned };
}

describe("no rule with a verdict matches", () => {
  test("the programs of this machine", () => {
    const { accusations, scanned } = accused(filesBelow("/usr/bin"), 300);
    expect(accusations).toEqual([]);
    expect(scanned).toBeGreaterThan(50);
  });

  test("what npm is made of", async () => {
    const npm = await findProgram("npm", "");
    const library = join(dirname(realpathSync(npm ?? "")), "..");
    const { accusations, scanned } = accused(filesBelow(library), 300);
    expect(accusations).toEqual([]);
    expect(scanned).toBeGreaterThan(50);
  });

  test("the packages that this project is built on", () => {
    const { accusations, scanned } = accused(filesBelow(join(PROJECT, "node_modules")), 500);
    expect(accusations).toEqual([]);
    expect(scanned).toBeGreaterThan(50);
  });

  test("this project's own files, its rules and their samples among them", () => {
    const { accusations, scanned } = accused(filesBelow(PROJECT, NOT_SOURCES));
    expect(accusations).toEqual([]);
    expect(scanned).toBeGreaterThan(50);
  });
});
