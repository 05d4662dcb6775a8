/** Which engines fail often or are slow, by what they did in the last day, and where to see to them. */

import type { Speed } from "../generated/submit.ts";

interface NamedEngine {
  readonly name: string;
  readonly speed: Speed;
}

interface EngineRates {
  readonly engine: string;
  readonly results: number;
  readonly errorRate: number | null;
  readonly durations: { readonly p95Ms: number | null };
}

/** The address of an engine among all engines. */
export function engineAddress(engine: string): string {
  return `/engines?${new URLSearchParams({ engine })}`;
}

/** An engine that fails more often than this is pointed out. */
const HIGH_ERROR_RATE = 0.01;

export function failsOften(rates: Pick<EngineRates, "errorRate"> | undefined): boolean {
  return (rates?.errorRate ?? 0) > HIGH_ERROR_RATE;
}

/** Quicker than this is quick enough, whatever the others take. */
const QUICK_MS = 1_000;
/** Of fewer results nobody can say that an engine is slow. */
const LEAST_RESULTS = 3;
/** An engine that takes so many times what others take is pointed out. */
const SLOW_FACTOR = 3;

/** What {@link slowEngines} means by slow. */
export const SLOW_MEANING = `Slow: 95 % of its answers take more than a second, and over ${SLOW_FACTOR} times as long as those of most other engines`;

/** The names of the engines that take much longer than the others. Those of the class SLOW are meant to. */
export function slowEngines(engines: readonly NamedEngine[], rates: readonly EngineRates[]): ReadonlySet<string> {
  const meantToBe = new Set(engines.filter(({ speed }) => speed === "SLOW").map(({ name }) => name));
  const timed = rates.flatMap(({ engine, results, durations: { p95Ms } }) =>
    p95Ms === null || results < LEAST_RESULTS || meantToBe.has(engine) ? [] : [{ engine, p95Ms }],
  );
  const isSlow = ({ engine, p95Ms }: (typeof timed)[number]) => {
    const others = timed.filter((one) => one.engine !== engine).map((one) => one.p95Ms);
    const usual = others.toSorted((a, b) => a - b)[Math.floor((others.length - 1) / 2)];
    return usual !== undefined && p95Ms > Math.max(QUICK_MS, SLOW_FACTOR * usual);
  };
  return new Set(timed.filter(isSlow).map(({ engine }) => engine));
}
