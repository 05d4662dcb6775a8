/** Every invariant, and what is wrong by it. */

import { availabilityProblems, readinessProblems } from "./answers.js";
import type { Evidence, Limits } from "./evidence.js";
import { only } from "./journal.js";
import { acceptedScans, byScan, cleanProblems, exactlyOneProblems, livenessProblems, monotoneProblems } from "./scans.js";

type Check = (evidence: Evidence, limits: Limits) => string[];

const CHECKS = {
  liveness: livenessProblems,
  "exactly one": exactlyOneProblems,
  durability: durabilityProblems,
  "no false clean": cleanProblems,
  "no leak": leakProblems,
  monotone: monotoneProblems,
  "no orphans": ({ orphans }) => [...orphans],
  bounded: boundedProblems,
  available: availabilityProblems,
  "true readiness": readinessProblems,
  "well again": wellProblems,
  "still listening": ({ listeners }) =>
    listeners
      .filter(({ wanted, found }) => found < wanted)
      .map(({ subject, wanted, found }) => `${found} of ${wanted} listen on ${subject}`),
  "the case's own": ({ findings }) => [...findings],
} satisfies Record<string, Check>;

export type Invariant = keyof typeof CHECKS;
export const INVARIANTS = Object.keys(CHECKS) as readonly Invariant[];

/** Something that does not hold. */
export interface Violation {
  readonly invariant: Invariant;
  readonly what: string;
}

export function check(evidence: Evidence, limits: Limits): Violation[] {
  return INVARIANTS.flatMap((invariant) => (CHECKS[invariant] as Check)(evidence, limits).map((what) => ({ invariant, what })));
}

function durabilityProblems({ journal, rows, bytes }: Evidence, { losesBytes }: Limits): string[] {
  const lost = [...acceptedScans(journal)].filter(([scan]) => !byScan(rows).has(scan)).map(([scan]) => `scan ${scan} is gone`);
  const samples = new Set([...acceptedScans(journal).values()].map(({ sha256 }) => sha256));
  const damaged = [...samples].flatMap((sha256) => {
    const found = bytes.get(sha256) ?? "missing";
    return found === "same" || (losesBytes && found === "missing") ? [] : [`the bytes of ${sha256} are ${found}`];
  });
  return [...lost, ...damaged];
}

function leakProblems({ journal, leaked }: Evidence): string[] {
  const isolated = new Set(
    only(journal, "sent")
      .filter(({ internet }) => !internet)
      .map(({ sha256 }) => sha256),
  );
  return leaked.filter((sha256) => isolated.has(sha256)).map((sha256) => `the internet engine has seen ${sha256}`);
}

function boundedProblems({ journal }: Evidence, { gatewayMb, agentMb, loopP99Ms }: Limits): string[] {
  const limits = { gateway: gatewayMb, agent: agentMb };
  const peaks = new Map<string, { most: number; limit: number }>();
  for (const { name, part, residentMb } of only(journal, "usage"))
    peaks.set(name, { most: Math.max(residentMb, peaks.get(name)?.most ?? 0), limit: limits[part] });
  const fat = [...peaks].filter(([, { most, limit }]) => most > limit);
  const slow = only(journal, "loop").filter(({ p99Ms }) => p99Ms > loopP99Ms);
  return [
    ...fat.map(([name, { most, limit }]) => `${name} takes ${most.toFixed(0)} MB, over ${limit}`),
    ...slow.map(({ gateway, p99Ms }) => `${gateway}'s event loop is ${p99Ms.toFixed(0)} ms late, over ${loopP99Ms}`),
  ];
}

/** Seconds from healing until the mesh was well; undefined if it never was. */
export function recoveredAfter({ journal }: Pick<Evidence, "journal">): number | undefined {
  const at = (phase: string) => only(journal, "phase").findLast((entry) => entry.phase === phase)?.at;
  const [healed, well] = [at("healed"), at("well")];
  return healed === undefined || well === undefined ? undefined : (well - healed) / 1_000;
}

function wellProblems(evidence: Evidence, { wellWithinMs }: Limits): string[] {
  const seconds = recoveredAfter(evidence);
  if (seconds === undefined) return ["the mesh did not become well again by itself"];
  return seconds * 1_000 > wellWithinMs ? [`the mesh was well only ${seconds.toFixed(1)} s after the cause's end`] : [];
}
