/** Steps of scans, one scan at a time, and the median time of each. */

import { median } from "../statistics.js";
import type { Table } from "../table.js";

/** Tells that a step was just made, and by whom. */
export type Note = (step: string, by: string) => void;

interface Step {
  readonly step: string;
  readonly by: string;
  readonly at: number;
}

export interface Steps {
  readonly note: Note;
  /** The next scan begins now; what is noted until then belonged to the one before. */
  begin(): void;
  table(title: string): Table;
}

export function createSteps(): Steps {
  const scans: Step[][] = [];
  let current: Step[] | undefined;
  let begun = 0;
  return {
    note(step, by) {
      if (current === undefined) return;
      const times = current.filter((other) => other.step.replace(/ #\d+$/, "") === step).length;
      current.push({ step: times === 0 ? step : `${step} #${times + 1}`, by, at: performance.now() - begun });
    },
    begin() {
      current = [];
      scans.push(current);
      begun = performance.now();
    },
    table(title) {
      const steps = typical(scans);
      return {
        title,
        head: ["step", "made by", "at, ms", "after, ms"],
        rows: steps.map(({ step, by, at }, i) => [step, by, at.toFixed(2), (at - (steps[i - 1]?.at ?? 0)).toFixed(2)]),
        notes: [],
      };
    },
  };
}

/** What most of the scans have, in the order of the median times: whatever else happened belonged to no scan. */
function typical(scans: readonly (readonly Step[])[]): Step[] {
  const found = new Map<string, { by: string; times: number[] }>();
  for (const { step, by, at } of scans.flat()) {
    const one = found.get(step) ?? { by, times: [] };
    one.times.push(at);
    found.set(step, one);
  }
  return [...found]
    .filter(([, { times }]) => times.length > scans.length / 2)
    .map(([step, { by, times }]) => ({ step, by, at: median(times) }))
    .toSorted((a, b) => a.at - b.at);
}
