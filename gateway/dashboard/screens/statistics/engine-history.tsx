import { useEffect, useMemo, useRef } from "react";
import { useQuery } from "urql";
import { Link } from "wouter";
import { go } from "../../app/location.ts";
import { useParameters, useShown } from "../../app/parameters.ts";
import { ReadEnginePoints, type ReadEnginePointsQuery, type StatisticsInterval } from "../../generated/statistics.ts";
import { engineAddress } from "../../parts/engine-rates.ts";
import { detectionShare, durationText, timeText, percentText } from "../../parts/measure.tsx";
import { Name } from "../../parts/name.tsx";
import { Problem } from "../../parts/notice.tsx";
import { useRows } from "../../parts/rows.tsx";
import { Chart, type Line } from "./chart.tsx";
import { FIGURE_COLUMNS, FigureCells } from "./figures.tsx";
import { numbers, Table } from "../../parts/table.tsx";

type EnginePoint = ReadEnginePointsQuery["stats"]["engines"][number]["points"][number];

interface Props {
  /** Those that answered in this time, the one that is shown first at the beginning. */
  readonly engines: readonly string[];
  readonly from: string;
  /** How often the screen was read again: this is read again with it. */
  readonly reloads: number;
  readonly interval: StatisticsInterval;
}

/** How often one engine failed, and how long it took, over time. Which one stands in the address. */
export function EngineHistory({ engines, from, reloads, interval }: Props) {
  const { parameters, addressWith } = useParameters();
  const asked = parameters.get("engine");
  const engine = engines.find((name) => name === asked) ?? engines[0] ?? "";
  const context = useMemo(() => ({}), [reloads]);
  const [{ data, error }] = useQuery({ query: ReadEnginePoints, variables: { from, interval, engine }, context });
  const found = data?.stats.engines[0];
  const place = useRef<HTMLElement>(null);
  // Who asks for one engine has come for this.
  useEffect(() => {
    if (asked !== null) place.current?.scrollIntoView();
  }, []);
  return (
    <section ref={place} className="card stack" aria-labelledby="history">
      <div className="row spread">
        <h2 id="history">One engine over time</h2>
        <span>
          <Link href={engineAddress(engine)}>Its state, and how to switch it off</Link>
        </span>
        <label className="row">
          Engine
          <select value={engine} onChange={({ target }) => go(addressWith({ engine: target.value }))}>
            {engines
              .toSorted((one, other) => one.localeCompare(other))
              .map((name) => (
                <option key={name} value={name}>
                  {name}
                </option>
              ))}
          </select>
        </label>
      </div>
      {data === undefined && error === undefined && <p className="soft">Loading …</p>}
      {error && <Problem error={error} what="The engine's statistics could not be read." />}
      {data && found?.engine === engine && <History key={engine} engine={engine} points={found.points} end={data.stats.to} />}
    </section>
  );
}

function History({ engine, points, end }: { engine: string; points: readonly EnginePoint[]; end: string }) {
  const [isTable, setTable] = useShown("times");
  const starts = useMemo(() => points.map(({ start }) => start), [points]);
  const rates: readonly Line[] = [
    { key: "errors", word: "Error rate", colour: "--doubt", dash: [], values: points.map(({ errorRate }) => errorRate) },
    {
      key: "detections",
      word: "Detection rate",
      colour: "--infected",
      dash: [8, 4],
      values: points.map((point) => detectionShare(point)),
    },
  ];
  const durations: readonly Line[] = [
    {
      key: "p50",
      word: "Half took at most",
      colour: "--running",
      dash: [],
      values: points.map((point) => point.durations.p50Ms),
    },
    {
      key: "p95",
      word: "95 % took at most",
      colour: "--suspicious",
      dash: [8, 4],
      values: points.map((point) => point.durations.p95Ms),
    },
  ];
  return (
    <>
      <div className="halves">
        <Chart
          starts={starts}
          lines={rates}
          label={`Error and detection rate of ${engine}; the same is there as a table`}
          text={percentText}
        />
        <Chart
          starts={starts}
          lines={durations}
          label={`How long ${engine} took; the same is there as a table`}
          text={durationText}
        />
      </div>
      <div>
        <button type="button" aria-expanded={isTable} onClick={() => setTable(!isTable)}>
          Show <Name text={engine} /> as table
        </button>
      </div>
      {isTable && <HistoryTable engine={engine} points={points} end={end} />}
    </>
  );
}

function HistoryTable({ engine, points, end }: { engine: string; points: readonly EnginePoint[]; end: string }) {
  const all = points
    .map((point, i) => ({ ...point, until: points[i + 1]?.start ?? end }))
    .filter(({ results }) => results > 0)
    .toReversed();
  const { rows, buttons } = useRows(all, "Times");
  return (
    <>
      <Table columns={["From", ...FIGURE_COLUMNS.map(numbers)]}>
        {rows.map((point) => {
          const { start, until } = point;
          return (
            <tr key={start}>
              <th scope="row" className="engine">
                {timeText(start)}
              </th>
              <FigureCells of={point} behind={{ since: start, until, engine }} />
            </tr>
          );
        })}
      </Table>
      {buttons}
    </>
  );
}
