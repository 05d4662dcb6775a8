import { Link } from "wouter";
import type { ReadStatisticsQuery } from "../../generated/statistics.ts";
import { engineAddress } from "../../parts/engine-rates.ts";
import { percentText } from "../../parts/measure.tsx";
import { Name } from "../../parts/name.tsx";
import { useRows } from "../../parts/rows.tsx";
import { ScrollX } from "../../parts/scroll-x.tsx";
import { SortHeader, useSorted, type SortColumn } from "../../parts/sort-header.tsx";
import { scansAddress } from "../../parts/scans-address.ts";
import { FIGURE_COLUMNS, FigureCells } from "./figures.tsx";

type Engine = ReadStatisticsQuery["stats"]["engines"][number];

const COLUMNS: readonly SortColumn<Engine>[] = [
  { key: "results", label: FIGURE_COLUMNS[0], valueOf: ({ results }) => results },
  { key: "detections", label: FIGURE_COLUMNS[1], valueOf: ({ detections }) => detections },
  { key: "errors", label: FIGURE_COLUMNS[2], valueOf: ({ errors }) => errors },
  { key: "p50", label: FIGURE_COLUMNS[3], valueOf: ({ durations }) => durations.p50Ms },
  { key: "p95", label: FIGURE_COLUMNS[4], valueOf: ({ durations }) => durations.p95Ms },
  { key: "agreement", label: "Agreed with the verdict", valueOf: ({ agreement }) => agreement },
];

interface Props {
  readonly engines: readonly Engine[];
  readonly since: string;
  readonly until: string;
}

/** What each engine answered, and how long it took. */
export function EngineTable({ engines, since, until }: Props) {
  const { rows, buttons } = useRows(useSorted(engines, COLUMNS), "Engines", { place: "from" });
  return (
    <section className="card stack" aria-labelledby="engines">
      <h2 id="engines">Engines</h2>
      <p className="soft small narrow">The table goes on to the right: swipe it. A column’s name sorts by it.</p>
      <ScrollX>
        <table className="whole-words">
          <thead>
            <tr>
              <th scope="col">Engine</th>
              {COLUMNS.map((column) => (
                <SortHeader key={column.key} of={column} />
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((one) => (
              <EngineRow key={one.engine} of={one} since={since} until={until} />
            ))}
          </tbody>
        </table>
      </ScrollX>
      <p className="soft small">Agreement counts only answers with a verdict; failed ones are left out.</p>
      {buttons}
    </section>
  );
}

function EngineRow({ of, since, until }: { of: Engine; since: string; until: string }) {
  const { engine, agreement } = of;
  const behind = { since, until, engine };
  return (
    <tr>
      <th scope="row" className="engine">
        <Link href={engineAddress(engine)} title="Among the engines">
          <Name text={engine} />
        </Link>
      </th>
      <FigureCells of={of} behind={behind} />
      <td className="number">
        {agreement === null || agreement === 1 ? (
          <>{agreement === null ? "–" : percentText(agreement)}</>
        ) : (
          <Link href={scansAddress({ ...behind, disagrees: "true" })} title="Scans in which it did not agree">
            {percentText(agreement)}: those that differ
          </Link>
        )}
      </td>
    </tr>
  );
}
