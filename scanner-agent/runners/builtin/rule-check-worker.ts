/** Checks rulesets that nobody serves yet, and tries them: in a process of its own, since their authors are not trusted. */

import { readFile } from "node:fs/promises";
import { Scanner, type Rules } from "@virustotal/yara-x";
import { z } from "zod";
import { MAX_TOLD_RULES } from "../../../schema/rule-job.js";
import { Failed, NO_VERSIONS, type Sample } from "../../contract.js";
import { openRuleset, probeBytes, withOnly, type OpenRuleset } from "./rule-check.js";
import { compileAll, MAX_SAMPLE, TOO_LARGE, type NamedText } from "./rule-compiler.js";
import { startYara } from "./start-yara.js";
import { serveWorker } from "./worker-server.js";

const Text = z.object({ namespace: z.string(), text: z.string() });
/** What it is asked, one after the other; the answer is in `dataForOthers`. */
const Step = z.discriminatedUnion("step", [
  z.object({
    step: z.literal("OPEN"),
    files: z.array(
      z.union([z.object({ path: z.string(), text: z.string() }), z.object({ path: z.string(), problem: z.string() })]),
    ),
  }),
  z.object({ step: z.literal("CHECK"), path: z.string() }),
  /** Only these rules do anything; null: all. */
  z.object({ step: z.literal("COMPILE"), texts: z.array(Text), only: z.array(z.string()).nullable() }),
  /** Scans content that is slow for slow rules, with what is compiled. */
  z.object({ step: z.literal("PROBE") }),
]);
type Step = z.infer<typeof Step>;

const Matches = z.object({
  valid: z.boolean(),
  errors: z.array(z.unknown()),
  matches: z.array(z.object({ identifier: z.string(), isPrivate: z.boolean().default(false) })),
});

let ruleset: OpenRuleset | undefined;
let compiled: { readonly rules: Rules; readonly scanner: Scanner } | undefined;

serveWorker(async (data) => {
  await startYara();
  const answer = await take(Step.parse(data));
  return { problems: [], versions: NO_VERSIONS, dataForOthers: answer, scan };
});

async function take(step: Step): Promise<unknown> {
  switch (step.step) {
    case "OPEN":
      ruleset = await openRuleset(step.files);
      return ruleset.order;
    case "CHECK":
      if (ruleset === undefined) throw new TypeError("no ruleset is open");
      return ruleset.check(step.path);
    case "COMPILE":
      return compile(step.texts, step.only);
    case "PROBE":
      compiledScanner().scan(probeBytes());
      return null;
  }
}

function compile(texts: readonly NamedText[], only: readonly string[] | null): null {
  compiled?.scanner.free();
  compiled?.rules.free();
  compiled = undefined;
  const names = only && new Set(only);
  const rules = compileAll(names ? texts.map(({ namespace, text }) => ({ namespace, text: withOnly(text, names) })) : texts);
  compiled = { rules, scanner: new Scanner(rules) };
  compiled.scanner.setMaxMatchesPerPattern(1);
  return null;
}

function compiledScanner(): Scanner {
  if (compiled === undefined) throw new TypeError("nothing is compiled");
  return compiled.scanner;
}

async function scan({ bytes, path, size }: Sample): Promise<unknown> {
  const scanner = compiledScanner();
  if (size > MAX_SAMPLE) return { unscanned: TOO_LARGE };
  if (bytes === undefined && path === null) throw new Failed("the sample's bytes are missing");
  const found = Matches.parse(scanner.scan(bytes ?? (await readFile(path ?? ""))));
  if (!found.valid || found.errors.length > 0) throw new Failed("the scan is not complete");
  const names = found.matches.filter(({ isPrivate }) => !isPrivate).map(({ identifier }) => identifier);
  return { rules: [...new Set(names)].slice(0, MAX_TOLD_RULES) };
}
