/** `npm run conformance -- http://…`: tries the REST contract on a gateway, line by line, and tells what was sent and received. */

import { writeFileSync } from "node:fs";
import { Command } from "commander";
import { checkHttpAddress, print, runCommand } from "./command.js";
import { formatExchange } from "./conformance-exchange.js";
import { OLD_LINES } from "./conformance-old.js";
import { tryLine, type LineResult } from "./conformance-target.js";
import { UPLOAD_LINES } from "./conformance-upload.js";
import { readCliConfig } from "./config.js";
import { V1_LINES } from "./conformance-v1.js";
import { OperatorError } from "../schema/operator-error.js";

const BROKEN = 1;

interface Options {
  readonly key?: string;
  readonly timeout: string;
  readonly report?: string;
  readonly quiet: boolean;
}

/** What cannot be shown from outside, so that nobody takes it for shown. */
const NOT_TRIED = [
  "Common: 503 with Retry-After while the mesh cannot accept scans, and 413 at the very limit: they depend on its state and settings",
  "Common: dates in the server's time zone: it is a setting",
  "GET /api/v1/sample/<id>: what an engine says (infected, result, error, its own keys): it depends on the engines and the sample",
] as const;

async function run(base: string, { key = readCliConfig().apiKey, timeout, report, quiet }: Options): Promise<number> {
  checkHttpAddress(base);
  const timeoutMs = Number(timeout) * 1_000;
  if (!(timeoutMs > 0)) throw new OperatorError("--timeout: needs a number of seconds.");
  const headers: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` };
  const outcomes: LineResult[] = [];
  const lines: string[] = [];
  for (const line of [...V1_LINES, ...UPLOAD_LINES, ...OLD_LINES]) {
    const outcome = await tryLine(line, base, headers, timeoutMs);
    const told = describe(outcome, outcomes.at(-1)?.line.section);
    outcomes.push(outcome);
    lines.push(...told);
    for (const text of told) if (!quiet || outcome.broken.length > 0 || !text.startsWith("  ")) print(text);
  }
  const broken = outcomes.filter((outcome) => outcome.broken.length > 0).length;
  const end = [
    "",
    ...NOT_TRIED.map((what) => `not tried: ${what}`),
    `${outcomes.length - broken} of ${outcomes.length} lines are kept, ${broken} broken; ${NOT_TRIED.length} cannot be tried from outside.`,
  ];
  for (const text of end) print(text);
  if (report !== undefined) writeFileSync(report, `${[`# ${base}`, ...lines, ...end].join("\n")}\n`);
  return broken === 0 ? 0 : BROKEN;
}

function describe({ line, exchanges, broken }: LineResult, before: string | undefined): string[] {
  return [
    ...(line.section === before ? [] : ["", `## ${line.section}`]),
    `${broken.length === 0 ? "✓" : "✗"} ${line.says}`,
    ...exchanges.flatMap(formatExchange),
    ...broken.map((what) => `  ! it does not hold that ${what}`),
  ];
}

const program = new Command("conformance")
  .description(
    "Tries the REST contract for MultiAV2's clients on a gateway. Exit status: 0 all lines are kept, 1 some are broken.",
  )
  .argument("<url>", "address of the gateway, e.g. http://127.0.0.1:8080; samples are uploaded to it")
  .option("--key <key>", "API key to show, where the gateway asks for one; default: SCANMESH_API_KEY")
  .option("--timeout <seconds>", "how long an answer may take, and a scan until it is complete", "60")
  .option("--report <file>", "write the whole report to a file too")
  .option("--quiet", "show what was sent and received only where a line is broken", false)
  .action(async (url: string, options: Options) => {
    process.exitCode = await run(url, options);
  });

await runCommand(program);
