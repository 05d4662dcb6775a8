import { Link } from "wouter";
import type { ReadStatisticsQuery } from "../../generated/statistics.ts";
import { percentText } from "../../parts/measure.tsx";
import { Name } from "../../parts/name.tsx";
import { useRows } from "../../parts/rows.tsx";
import { scansAddress } from "../../parts/scans-address.ts";
import { FIGURE_COLUMNS, FigureCells } from "./figures.tsx";

type Engine = ReadStatisticsQuery["stats"]["engines"][number];

const COLUMNS = [...FIGURE_COLUMNS, "Agreed with the verdict"];

interface Props {
  readonly engines: readonly Engine[];
  readonly since: string;
  readonly until: string;
}

/** What each engine answered, and how long it took. */
export function EngineTable({ engines, since, until }: Props) {
  const { rows, buttons } = useRows(engines, "Engines");
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
            {rows.map((one) => (
              <EngineRow key={one.engine} of={one} since={since} until={until} />
            ))}
          </tbody>
        </table>
      </div>
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
        <Name text={engine} />
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
