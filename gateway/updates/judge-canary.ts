/** Whether a new version on the canary host does as that engine usually does: failures, durations, detections. */

import type { AnswerNumbers } from "../db/answer-numbers.js";

/** How many answers are needed of the new version, and of the seven days that it is held against. */
export const CANARY_SCANS = 50;

/** So few failures tell nothing. */
const FAILURES = 3;
/** A share may be so much off, besides what chance makes of it. */
const MARGIN = { failures: 0.05, detections: 0.1 };
/** Three standard deviations: chance exceeds them once in 700 updates. */
const DEVIATIONS = 3;
/** Durations are known to a fifth, and short ones differ from host to host. */
const SLOWER = { times: 2, ms: 500 };

/** What has jumped. */
export type Jump = "FAILURES" | "SLOWER" | "MORE_DETECTIONS" | "FEWER_DETECTIONS";

/** A sentence on what has jumped. */
export interface Finding {
  readonly jump: Jump;
  readonly sentence: string;
}

/** What differs from the usual, the most telling first; undefined if nothing does, or if there is too little to tell. */
export function judgeCanary(now: AnswerNumbers, usual: AnswerNumbers): Finding | undefined {
  const isKnown = usual.answers >= CANARY_SCANS;
  // An engine that is new has no week: it is asked no more than to answer.
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

/** How far a share that is usual may be off by chance among so many. */
function chance(usual: number, count: number): number {
  return DEVIATIONS * Math.sqrt((usual * (1 - usual)) / count);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
}

function seconds(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}
