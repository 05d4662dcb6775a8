import { useState } from "react";
import type { ReadStatisticsQuery } from "../../generated/statistics.ts";
import { durationText } from "../../parts/measure.tsx";
import { Name } from "../../parts/name.tsx";
import { Figure } from "./point-table.tsx";
import { scansAddress } from "./scans-address.ts";

type Engine = ReadStatisticsQuery["stats"]["engines"][number];

const ROWS = 25;
const COLUMNS = ["Results", "Detections", "Errors", "Half took at most", "95 % took at most", "Agreed with the verdict"];
const DETECTIONS = ["INFECTED", "SUSPICIOUS"];
const ERRORS = ["FAILED", "TIMEOUT", "NO_AGENT", "UNSCANNED"];

interface Props {
  readonly engines: readonly Engine[];
  readonly since: string;
  readonly until: string;
}

/** What each engine answered, and how long it took. */
export function EngineTable({ engines, since, until }: Props) {
  const [first, setFirst] = useState(0);
  return (
    <section className="card stack" aria-labelledby="engines">
      <h2 id="engines">Engines</h2>
      <div className="scroll-x">
        <table className="whole-words">
          <thead>
            <tr>
              <th scope="col">Engine</th>
              {COLUMNS.map((column) => (
                <th key={column} scope="col" className="number">
                  {column}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {engines.slice(first, first + ROWS).map((one) => (
              <EngineRow key={one.engine} of={one} since={since} until={until} />
            ))}
          </tbody>
        </table>
      </div>
      {engines.length > ROWS && (
        <div className="row">
          <button type="button" disabled={first === 0} onClick={() => setFirst(first - ROWS)}>
            Engines before
          </button>
          <button type="button" disabled={first + ROWS >= engines.length} onClick={() => setFirst(first + ROWS)}>
            More engines
          </button>
        </div>
      )}
    </section>
  );
}

function EngineRow({ of, since, until }: { of: Engine; since: string; until: string }) {
  const { engine, results, detections, detectionRate, errors, errorRate, agreement, durations } = of;
  const behind = { since, until, engine };
  return (
    <tr>
      <th scope="row" className="engine">
        <Name text={engine} />
      </th>
      <td className="number">
        <Figure count={results} to={scansAddress(behind)} />
      </td>
      <td className="number">
        <Figure count={detections} to={scansAddress({ ...behind, answer: DETECTIONS })} /> <Share of={detectionRate} />
      </td>
      <td className="number">
        <Figure count={errors} to={scansAddress({ ...behind, answer: ERRORS })} /> <Share of={errorRate} />
      </td>
      <td className="number">{durations.p50Ms === null ? "–" : durationText(durations.p50Ms)}</td>
      <td className="number">{durations.p95Ms === null ? "–" : durationText(durations.p95Ms)}</td>
      <td className="number">{agreement === null ? "–" : percent(agreement)}</td>
    </tr>
  );
}

function Share({ of }: { of: number | null }) {
  return of !== null && <span className="soft">({percent(of)})</span>;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`;
}
