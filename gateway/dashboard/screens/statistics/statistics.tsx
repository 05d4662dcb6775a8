import { useMemo, useState } from "react";
import { Link } from "wouter";
import { serverNow } from "../../api/clock.ts";
import { useReading } from "../../api/reading.ts";
import { useParameters, useShown } from "../../app/parameters.ts";
import { ReadStatistics, type ReadStatisticsQuery } from "../../generated/statistics.ts";
import { Empty } from "../../parts/empty.tsx";
import { durationText } from "../../parts/measure.tsx";
import { Problem } from "../../parts/notice.tsx";
import { ReadAt } from "../../parts/read-at.tsx";
import { Chart } from "./chart.tsx";
import { EngineTable } from "./engine-table.tsx";
import { EngineHistory } from "./engine-history.tsx";
import { Figure } from "./figures.tsx";
import { PointTable } from "./point-table.tsx";
import { beginningOf, RANGES, rangeOf, type Range } from "./ranges.ts";
import { scansAddress } from "../../parts/scans-address.ts";
import "./statistics.css";
import { TopSignatures, TopTypes } from "./top-tables.tsx";
import { scansIn, SERIES, sumOf, verdictLines } from "./verdict-series.ts";

type Stats = ReadStatisticsQuery["stats"];

/** What was found, and how the engines did, over a range of time. */
export default function Statistics() {
  const { parameters, addressWith } = useParameters();
  const range = rangeOf(parameters.get("range"));
  const [reloads, setReloads] = useState(0);
  const from = useMemo(() => beginningOf(range, serverNow()), [range, reloads]);
  const context = useMemo(() => ({}), [reloads]);
  const reading = useReading({ query: ReadStatistics, variables: { from, interval: range.interval }, context });
  const { data, error } = reading;
  return (
    <div className="stack">
      <div className="row spread">
        <h1>Statistics</h1>
        <nav className="row" aria-label="Range of time">
          {RANGES.map(({ key, label }) => (
            <Link
              key={key}
              className="button"
              href={addressWith({ range: key })}
              aria-current={key === range.key ? "true" : undefined}
            >
              {label}
            </Link>
          ))}
        </nav>
      </div>
      <ReadAt of={reading} what="the statistics" onReload={() => setReloads(reloads + 1)} />
      {error && <Problem error={error} what="The statistics could not be read." />}
      {data && scansIn(data.stats.points) === 0 && (
        <Empty title={`No scan has ended in the last ${range.label}`}>
          Scans are counted when they end, some seconds later. <Link href="/">Scan a file</Link>
        </Empty>
      )}
      {data && scansIn(data.stats.points) > 0 && <Figures stats={data.stats} range={range} reloads={reloads} />}
    </div>
  );
}

function Figures({ stats, range, reloads }: { stats: Stats; range: Range; reloads: number }) {
  const { from: since, to: until, points, engines, topSignatures, topTypes } = stats;
  const [isTable, setTable] = useShown("scans");
  const starts = useMemo(() => points.map(({ start }) => start), [points]);
  const failing = engines.toSorted((one, other) => (other.errorRate ?? 0) - (one.errorRate ?? 0));
  return (
    <>
      <Totals stats={stats} />
      <section className="card stack" aria-labelledby="verdicts">
        <div className="row spread">
          <h2 id="verdicts">Scans by verdict</h2>
          <button type="button" aria-expanded={isTable} onClick={() => setTable(!isTable)}>
            Show as table
          </button>
        </div>
        <Chart
          starts={starts}
          lines={verdictLines(points)}
          label={`Scans by verdict in the last ${range.label}; the same is there as a table`}
        />
        {isTable && <PointTable points={points} pointsInRow={range.pointsInRow} end={until} />}
      </section>
      <EngineTable engines={engines} since={since} until={until} />
      {engines.length > 0 && (
        <EngineHistory engines={failing.map(({ engine }) => engine)} from={since} reloads={reloads} interval={range.interval} />
      )}
      <div className="halves">
        <TopSignatures signatures={topSignatures} since={since} until={until} />
        <TopTypes types={topTypes} since={since} until={until} />
      </div>
    </>
  );
}

function Totals({ stats: { from: since, to: until, points, waits } }: { stats: Stats }) {
  return (
    <dl className="totals">
      <div>
        <dt>Scans</dt>
        <dd>
          <Figure count={scansIn(points)} to={scansAddress({ since, until })} />
        </dd>
      </div>
      {SERIES.map(({ count, word, verdict }) => (
        <div key={count}>
          <dt>{word}</dt>
          <dd>
            <Figure count={sumOf(points, count)} to={scansAddress({ since, until, verdict })} />
          </dd>
        </div>
      ))}
      {waits.p50Ms !== null && waits.p95Ms !== null && (
        <div>
          <dt>Half end within</dt>
          <dd>
            <Link href={scansAddress({ since, until })} title="The scans of this time">
              {durationText(waits.p50Ms)}
            </Link>
          </dd>
          <dd className="soft small">95 % within {durationText(waits.p95Ms)}</dd>
        </div>
      )}
    </dl>
  );
}
