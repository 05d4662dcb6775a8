import type { ReadStatisticsQuery } from "../../generated/statistics.ts";
import type { Line } from "./chart.tsx";

export type Point = ReadStatisticsQuery["stats"]["points"][number];
type Count = keyof Point["verdicts"];

/** The verdicts, the gravest first; each has a dash of its own in charts, so that colour is not all that tells them apart. */
export const SERIES: readonly {
  readonly count: Count;
  readonly verdict: string;
  readonly word: string;
  readonly colour: string;
  readonly dash: readonly number[];
}[] = [
  { count: "infected", verdict: "INFECTED", word: "Infected", colour: "--infected", dash: [] },
  { count: "suspicious", verdict: "SUSPICIOUS", word: "Suspicious", colour: "--suspicious", dash: [8, 4] },
  { count: "inconclusive", verdict: "INCONCLUSIVE", word: "Inconclusive", colour: "--doubt", dash: [2, 3] },
  { count: "clean", verdict: "CLEAN", word: "Clean", colour: "--clean", dash: [12, 3, 2, 3] },
];

/** The lines of a chart of scans by verdict. */
export function verdictLines(points: readonly Point[]): readonly Line[] {
  return SERIES.map(({ count, word, colour, dash }) => ({
    key: count,
    word,
    colour,
    dash,
    values: points.map(({ verdicts }) => verdicts[count]),
  }));
}

/** The counts of several points together. */
export function sumOf(points: readonly Point[], count: Count): number {
  return points.reduce((sum, { verdicts }) => sum + verdicts[count], 0);
}

export function scansIn(points: readonly Point[]): number {
  return points.reduce((sum, { scans }) => sum + scans, 0);
}
