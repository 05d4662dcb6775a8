/** Compares a new version on the canary host with what the engine usually does: failures, durations and detections. */

import type { AnswerNumbers } from "../db/answer-numbers.js";

/** The number of answers that a comparison needs, from the new version and from the seven days before. */
export const CANARY_SCANS = 50;

/** Fewer failures than this say nothing. */
const FAILURES = 3;
/** A share may differ by this much, in addition to what chance explains. */
const MARGIN = { failures: 0.05, detections: 0.1 };
/** Three standard deviations: chance exceeds them once in 700 updates. */
const DEVIATIONS = 3;
/** Durations are stored in steps of a fifth, and short ones differ between hosts, so only a large change counts. */
const SLOWER = { times: 2, ms: 500 };

/** The figure that has changed too much. */
export type Jump = "FAILURES" | "SLOWER" | "MORE_DETECTIONS" | "FEWER_DETECTIONS";

/** What has changed, with a sentence for people. */
export interface Finding {
  readonly jump: Jump;
  readonly sentence: string;
}

/** The most telling difference from the usual; undefined if there is none, or if there are too few answers to say. */
export function judgeCanary(now: AnswerNumbers, usual: AnswerNumbers): Finding | undefined {
  const isKnown = usual.answers >= CANARY_SCANS;
  // A new engine has nothing to compare with: it only has to answer.
  const failing = shareOf(now.failures, now.answers);
  const failed = isKnown ? shareOf(usual.failures, usual.answers) : 0;
  if (now.failures >= FAILURES && failing > failed + MARGIN.failures + chance(failed, now.answers))
    return { jump: "FAILURES", sentence: `${percent(failing)} of its answers are failures, usually ${percent(failed)}` };
  if (!isKnown || now.answers < CANARY_SCANS) return undefined;
  if (now.p95Ms !== null && usual.p95Ms !== null && now.p95Ms > usual.p95Ms * SLOWER.times + SLOWER.ms)
    return { jump: "SLOWER", sentence: `95 % of its answers take up to ${seconds(now.p95Ms)}, usually ${seconds(usual.p95Ms)}` };
  const verdicts = now.answers - now.failures;
  const finds = shareOf(now.detections, verdicts);
  const found = shareOf(usual.detections, usual.answers - usual.failures);
  if (Math.abs(finds - found) <= MARGIN.detections + chance(found, verdicts)) return undefined;
  const sentence = `it finds something in ${percent(finds)} of the samples, usually in ${percent(found)}`;
  return { jump: finds > found ? "MORE_DETECTIONS" : "FEWER_DETECTIONS", sentence };
}

function shareOf(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

/** How much a share may differ by chance in a sample of `count`. */
function chance(usual: number, count: number): number {
  return DEVIATIONS * Math.sqrt((usual * (1 - usual)) / count);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
}

function seconds(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}
