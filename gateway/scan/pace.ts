/** How long engines take, by the results that this gateway has recorded lately. */
export interface Pace {
  note(engine: string, durationMs: number): void;
  /** The mean of the last minutes in milliseconds; undefined if nothing is known. */
  mean(engine: string): number | undefined;
}

interface Minute {
  readonly minute: number;
  count: number;
  totalMs: number;
}

const MINUTES = 5;

/** Engines are named by their subject tokens. */
export function createPace(now: () => number = () => performance.now()): Pace {
  const engines = new Map<string, Minute[]>();
  const current = () => Math.floor(now() / 60_000);

  return {
    note(engine, durationMs) {
      const minute = current();
      const minutes = engines.get(engine) ?? [];
      if (minutes.at(-1)?.minute !== minute) minutes.push({ minute, count: 0, totalMs: 0 });
      if (minutes.length > MINUTES) minutes.shift();
      const last = minutes.at(-1);
      if (last) {
        last.count += 1;
        last.totalMs += durationMs;
      }
      engines.set(engine, minutes);
    },
    mean(engine) {
      const oldest = current() - MINUTES;
      const recent = (engines.get(engine) ?? []).filter(({ minute }) => minute > oldest);
      const count = recent.reduce((sum, one) => sum + one.count, 0);
      return count === 0 ? undefined : recent.reduce((sum, { totalMs }) => sum + totalMs, 0) / count;
    },
  };
}
