/** What `npm run rulesets` prints of versions, of their checks and of their tries. */

import { OperatorError } from "../schema/operator-error.js";
import type { RuleMistake } from "../schema/rule-job.js";
import { textTable } from "../schema/text-table.js";
import { print, say } from "./command.js";
import type { CheckedVersion, ListedJob, ListedRuleset, ListedVersion, RulesetGateway } from "./ruleset-gateway.js";
import { formatMinute } from "./utc-time.js";
import { printable } from "./view.js";

const ENDS = new Set<string>(["DONE", "FAILED", "CANCELLED"]);

export const isOver = ({ state }: Pick<ListedJob, "state">): boolean => ENDS.has(state);

/** Says what a check has found; the command fails unless the version may be enabled. */
export function showCheck(version: CheckedVersion): void {
  const of = `${version.name}@${version.number}`;
  for (const mistake of version.mistakes) print(mistakeLine(mistake));
  if (version.mistakesOmitted > 0) print(`and ${version.mistakesOmitted} more`);
  if (version.state === "READY") return say(`${of} compiles (rules: ${version.rules?.toLocaleString("en")}): try or enable it.`);
  process.exitCode = 1;
  if (version.state === "INVALID") return say(`${of} has mistakes: it cannot be enabled.`);
  say(`${of} was not checked: ${printable(version.check?.reason ?? "somebody has cancelled it")}`);
}

function mistakeLine({ path, line, severity, message }: RuleMistake): string {
  const place = line === null ? path : `${path}:${line}`;
  return printable(`${place}: ${severity.toLowerCase()}: ${message}`);
}

/** Says which samples a version would have matched, and what came of the others. */
export async function showTried(rulesets: RulesetGateway, id: string, job: ListedJob | null): Promise<void> {
  if (job === null) throw new OperatorError("It was not tried yet.");
  const samples = await rulesets.samples(id, ["MATCH"]);
  if (samples.length > 0)
    print(
      textTable([
        ["Sample", "Name", "Rules"],
        ...samples.map(({ sha256, name, rules }) => [sha256, printable(name ?? "-"), printable(rules.join(", "))]),
      ]),
    );
  const ended =
    job.state === "DONE" ? "" : job.state === "CANCELLED" ? " (cancelled)" : ` (${job.reason ?? job.state.toLowerCase()})`;
  say(
    `Would have matched ${job.matched.toLocaleString("en")} of the last ${job.done.toLocaleString("en")} ${job.done === 1 ? "sample" : "samples"}${printable(ended)}.`,
  );
  if (job.unfinished > 0) {
    say(`${job.unfinished.toLocaleString("en")} were not finished:`);
    for (const { sha256, reason } of await rulesets.samples(id, ["TIMEOUT", "FAILED", "UNSCANNED"]))
      say(`  ${sha256}: ${printable(reason ?? "")}`);
  }
  if (job.gone > 0) say(`${job.gone.toLocaleString("en")} were deleted before their turn.`);
  if (job.state === "FAILED") process.exitCode = 1;
}

/** A line for each version. */
export function printVersions(all: readonly ListedRuleset[]): void {
  const rows = all.flatMap(({ name, serves, update, versions }) =>
    versions.map((version) => [
      `${name}@${version.number}`,
      update?.toBundle?.version === `v${version.number}`
        ? update.state.toLowerCase()
        : version.number === serves
          ? "enabled"
          : stateOf(version),
      version.rules === null ? "-" : String(version.rules),
      triedOf(version),
      formatMinute(new Date(version.createdAt)),
      printable(version.createdBy ?? "-"),
      printable(version.comment),
    ]),
  );
  print(textTable([["Version", "State", "Rules", "Would match", "Sent", "By", "Comment"], ...rows]));
}

function stateOf({ state, check }: ListedVersion): string {
  return state === "CHECKING" && check && isOver(check) ? "not checked" : state.toLowerCase();
}

function triedOf({ tried }: ListedVersion): string {
  return tried ? `${tried.matched} of ${tried.done}${tried.state === "DONE" ? "" : ` (${tried.state.toLowerCase()})`}` : "-";
}
