import { useEffect, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { timeText } from "../../parts/measure.tsx";

const HEIGHT_PX = 260;
const DARK = matchMedia("(prefers-color-scheme: dark)");
const WHOLE_STEPS = Array.from({ length: 10 }, (_, i) => 10 ** i).flatMap((power) => [power, 2 * power, 5 * power]);

/** One line of a chart. Its dash tells it from the others, as its colour alone would not. */
export interface Line {
  readonly key: string;
  readonly word: string;
  readonly colour: string;
  readonly dash: readonly number[];
  /** One for each start; null where there is nothing to show. */
  readonly values: readonly (number | null)[];
}

interface Props {
  readonly starts: readonly string[];
  readonly lines: readonly Line[];
  /** What it shows, for those who do not see it. */
  readonly label: string;
  /** A value as people read it; without it, values are whole numbers. */
  readonly text?: (value: number) => string;
}

/** Lines over time. What is under the pointer is told below. */
export function Chart({ starts, lines, label, text }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const [isDark, setDark] = useState(DARK.matches);
  const [pointed, setPointed] = useState<number | null>(null);

  useEffect(() => {
    const follow = () => setDark(DARK.matches);
    DARK.addEventListener("change", follow);
    return () => DARK.removeEventListener("change", follow);
  }, []);
  useEffect(() => {
    const { current } = place;
    if (current === null) return;
    const chart = draw(current, { starts, lines, label, ...(text && { text }) }, setPointed);
    const watch = new ResizeObserver(() => chart.setSize({ width: current.clientWidth, height: HEIGHT_PX }));
    watch.observe(current);
    return () => {
      watch.disconnect();
      chart.destroy();
    };
    // The lines are made from the same points as their starts.
  }, [starts, isDark]);

  const start = pointed === null ? undefined : starts[pointed];
  const read = ({ word, values }: Line) => {
    const value = values[pointed ?? -1] ?? null;
    return `${value === null ? "no" : text === undefined ? value : text(value)} ${word.toLowerCase()}`;
  };
  return (
    <figure className="chart">
      <ul className="row" aria-label="Lines of the chart">
        {lines.map(({ key, word, dash }) => (
          <li key={key} className={`line line-${key}`}>
            <svg width="36" height="8" aria-hidden="true">
              <line x1="0" y1="4" x2="36" y2="4" strokeDasharray={dash.join(" ")} />
            </svg>
            {word}
          </li>
        ))}
      </ul>
      <div ref={place} role="img" aria-label={label} />
      <figcaption className="soft small">
        {start === undefined
          ? "Point at the chart to read its numbers."
          : `${timeText(start)}: ${lines.map((line) => read(line)).join(", ")}`}
      </figcaption>
    </figure>
  );
}

function draw(place: HTMLElement, { starts, lines, text }: Props, onPoint: (index: number | null) => void): uPlot {
  const axis: uPlot.Axis = {
    stroke: colourOf(place, "--soft"),
    grid: { stroke: colourOf(place, "--line"), width: 1 },
    ticks: { show: false },
  };
  const upwards: uPlot.Axis =
    text === undefined
      ? { ...axis, incrs: WHOLE_STEPS }
      : { ...axis, size: 70, values: (_, ticks) => ticks.map((tick) => text(tick)) };
  return new uPlot(
    {
      width: place.clientWidth,
      height: HEIGHT_PX,
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false } },
      scales: { y: { range: (_, __, most) => [0, (most ?? 0) > 0 ? most * 1.05 : 1] } },
      axes: [axis, upwards],
      series: [
        {},
        ...lines.map(({ word, colour, dash, values }) => ({
          label: word,
          stroke: colourOf(place, colour),
          width: 2,
          dash: [...dash],
          points: { show: true, size: 7, filter: () => alone(values) },
        })),
      ],
      hooks: { setCursor: [({ cursor }) => onPoint(cursor.idx ?? null)] },
    },
    [starts.map((start) => Date.parse(start) / 1_000), ...lines.map(({ values }) => [...values])],
    place,
  );
}

/** Where a value stands between gaps: a line of one point would not be seen. */
function alone(values: Line["values"]): number[] {
  const has = (index: number) => (values[index] ?? null) !== null;
  return [...values.keys()].filter((index) => has(index) && !has(index - 1) && !has(index + 1));
}

/** A colour of the page as a canvas takes it: without `light-dark()`. */
function colourOf(place: HTMLElement, name: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  place.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
