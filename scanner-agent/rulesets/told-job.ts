/** What is told of a ruleset goes with the presence, which must fit into one message of the bus: so it is bounded in bytes. */

import { MAX_MISTAKES, MAX_TOLD_RULES, type RuleJob, type RuleMistake, type SampleTried } from "../../schema/rule-job.js";
import { visibleText } from "../../schema/visible-text.js";
import { errorsFirst } from "../runners/builtin/rule-check.js";

/** Of one job: with 8 jobs and its engines a host stays below 1 MiB. */
const MAX_BYTES = 90_000;

type Check = NonNullable<RuleJob["check"]>;

/** What came of a check; mistakes that there is no room for are counted. */
export function toldCheck(rules: number, mistakes: readonly RuleMistake[], omitted: number): Check {
  const room = createRoom();
  const first = errorsFirst(mistakes).slice(0, MAX_MISTAKES);
  const told = first
    .map((mistake) => ({ ...mistake, message: toldText(mistake.message, 500) }))
    .filter((mistake) => room.takes(mistake));
  return { rules, mistakes: told, omitted: omitted + mistakes.length - told.length };
}

/** What came of samples; names of rules that there is no room for are left out. */
export function toldSamples(tried: readonly SampleTried[]): SampleTried[] {
  const room = createRoom();
  return tried.map((sample) => {
    const reason = sample.reason === null ? null : toldText(sample.reason, 300);
    room.takes({ ...sample, rules: [], reason });
    const rules = sample.rules.slice(0, MAX_TOLD_RULES).map((rule) => toldText(rule, 128));
    return { ...sample, reason, rules: rules.filter((rule, n) => room.takes(rule) || n === 0) };
  });
}

/** A text of at most so many characters, without those that take several bytes as JSON to say nothing. */
export function toldText(text: string, longest: number): string {
  return visibleText(text.slice(0, longest)).slice(0, longest);
}

function createRoom() {
  let left = MAX_BYTES;
  return {
    /** Whether there is room for this, too, which then is taken. */
    takes(value: unknown): boolean {
      const size = Buffer.byteLength(JSON.stringify(value)) + 1;
      if (size > left) return false;
      left -= size;
      return true;
    },
  };
}
