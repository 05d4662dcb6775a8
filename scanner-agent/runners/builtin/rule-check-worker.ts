/** Looks at rulesets that nobody serves yet, and tries them: in a process of its own, as who wrote them is not known. */

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import init, { Scanner } from "@virustotal/yara-x";
import { z } from "zod";
import { MAX_TOLD_RULES } from "../../../schema/rule-job.js";
import { Failed, NO_VERSIONS, type Sample } from "../../contract.js";
import { openRuleset, probeBytes, withOnly, type OpenRuleset } from "./rule-check.js";
import { compileAll, MAX_SAMPLE, TOO_LARGE } from "./rule-compiler.js";
import { serveWorker } from "./worker-server.js";

const Text = z.object({ namespace: z.string(), text: z.string() });
/** What it is asked, one after the other; the answer is in `dataForOthers`. */
const Step = z.discriminatedUnion("step", [
  z.object({ step: z.literal("OPEN"), files: z.array(z.object({ path: z.string(), text: z.string() })) }),
  z.object({ step: z.literal("CHECK"), path: z.string() }),
  /** Scans what is slow for slow rules, with some of the rules. */
  z.object({ step: z.literal("PROBE"), text: Text, only: z.array(z.string()).nullable() }),
  z.object({ step: z.literal("COMPILE"), texts: z.array(Text) }),
]);
type Step = z.infer<typeof Step>;

const Matches = z.object({
  valid: z.boolean(),
  errors: z.array(z.unknown()),
  matches: z.array(z.object({ identifier: z.string(), isPrivate: z.boolean().default(false) })),
});

let ready: Promise<unknown> | undefined;
let ruleset: OpenRuleset | undefined;
let scanner: Scanner | undefined;

serveWorker(async (data) => {
  const pkg = createRequire(import.meta.url).resolve("@virustotal/yara-x/package.json");
  ready ??= readFile(join(dirname(pkg), "pkg", "yara_x_js_bg.wasm")).then((module) => init({ module_or_path: module }));
  await ready;
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
    case "PROBE":
      return probe(step.text, step.only);
    case "COMPILE":
      scanner = new Scanner(compileAll(step.texts));
      scanner.setMaxMatchesPerPattern(1);
      return null;
  }
}

function probe({ namespace, text }: z.infer<typeof Text>, only: readonly string[] | null): null {
  using rules = compileAll([{ namespace, text: only === null ? text : withOnly(text, new Set(only)) }]);
  using prober = new Scanner(rules);
  prober.setMaxMatchesPerPattern(1);
  prober.scan(probeBytes());
  return null;
}

async function scan({ bytes, path, size }: Sample): Promise<unknown> {
  if (scanner === undefined) throw new TypeError("nothing is compiled");
  if (size > MAX_SAMPLE) return { unscanned: TOO_LARGE };
  if (bytes === undefined && path === null) throw new Failed("the sample's bytes are missing");
  const found = Matches.parse(scanner.scan(bytes ?? (await readFile(path ?? ""))));
  if (!found.valid || found.errors.length > 0) throw new Failed("the scan is not complete");
  const names = found.matches.filter(({ isPrivate }) => !isPrivate).map(({ identifier }) => identifier);
  return { rules: [...new Set(names)].slice(0, MAX_TOLD_RULES) };
}
