import { useEffect, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { SERIES, timeText, type Point } from "./verdict-series.ts";

const HEIGHT_PX = 260;
const DARK = matchMedia("(prefers-color-scheme: dark)");

interface Props {
  readonly points: readonly Point[];
  /** What it shows, for those who do not see it. */
  readonly label: string;
}

/** Scans by verdict over time. What is under the pointer is told below. */
export function Chart({ points, label }: Props) {
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
    const chart = draw(current, points, setPointed);
    const watch = new ResizeObserver(() => chart.setSize({ width: current.clientWidth, height: HEIGHT_PX }));
    watch.observe(current);
    return () => {
      watch.disconnect();
      chart.destroy();
    };
  }, [points, isDark]);

  const point = pointed === null ? undefined : points[pointed];
  return (
    <figure className="chart">
      <ul className="row" aria-label="Lines of the chart">
        {SERIES.map(({ count, word, dash }) => (
          <li key={count} className={`line line-${count}`}>
            <svg width="36" height="8" aria-hidden="true">
              <line x1="0" y1="4" x2="36" y2="4" strokeDasharray={dash.join(" ")} />
            </svg>
            {word}
          </li>
        ))}
      </ul>
      <div ref={place} role="img" aria-label={label} />
      <figcaption className="soft small">
        {point === undefined
          ? "Point at the chart to read its numbers."
          : `${timeText(point.start)}: ${SERIES.map(({ count, word }) => `${point.verdicts[count]} ${word.toLowerCase()}`).join(
              ", ",
            )}`}
      </figcaption>
    </figure>
  );
}

function draw(place: HTMLElement, points: readonly Point[], onPoint: (index: number | null) => void): uPlot {
  const axis: uPlot.Axis = {
    stroke: colourOf(place, "--soft"),
    grid: { stroke: colourOf(place, "--line"), width: 1 },
    ticks: { show: false },
  };
  return new uPlot(
    {
      width: place.clientWidth,
      height: HEIGHT_PX,
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false } },
      scales: { y: { range: (_, __, most) => [0, Math.max(1, most * 1.05)] } },
      axes: [axis, { ...axis, incrs: [1, 2, 5].flatMap((step) => Array.from({ length: 10 }, (_, i) => step * 10 ** i)) }],
      series: [
        {},
        ...SERIES.map(({ word, colour, dash }) => ({
          label: word,
          stroke: colourOf(place, colour),
          width: 2,
          dash: [...dash],
          points: { show: false },
        })),
      ],
      hooks: { setCursor: [({ cursor }) => onPoint(cursor.idx ?? null)] },
    },
    [
      points.map(({ start }) => Date.parse(start) / 1_000),
      ...SERIES.map(({ count }) => points.map(({ verdicts }) => verdicts[count])),
    ],
    place,
  );
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
