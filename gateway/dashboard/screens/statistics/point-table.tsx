import { timeText } from "../../parts/measure.tsx";
import { Figure } from "./figures.tsx";
import { SERIES, scansIn, sumOf, type Point } from "./verdict-series.ts";
import { scansAddress } from "../../parts/scans-address.ts";
import { numbers, Table } from "../../parts/table.tsx";

interface Props {
  readonly points: readonly Point[];
  readonly pointsInRow: number;
  /** When the last point ends. */
  readonly end: string;
}

/** What the chart shows, as numbers that lead to their scans. */
export function PointTable({ points, pointsInRow, end }: Props) {
  const rows = Array.from({ length: Math.ceil(points.length / pointsInRow) }, (_, i) =>
    points.slice(i * pointsInRow, (i + 1) * pointsInRow),
  ).toReversed();
  return (
    <Table columns={["From", numbers("Scans"), ...SERIES.map(({ word }) => numbers(word))]}>
      {rows.map((row, i) => {
        const since = row[0]?.start ?? end;
        const until = rows[i - 1]?.[0]?.start ?? end;
        return (
          <tr key={since}>
            <th scope="row" className="engine">
              {timeText(since)}
            </th>
            <td className="number">
              <Figure count={scansIn(row)} to={scansAddress({ since, until })} />
            </td>
            {SERIES.map(({ count, verdict }) => (
              <td key={count} className="number">
                <Figure count={sumOf(row, count)} to={scansAddress({ since, until, verdict })} />
              </td>
            ))}
          </tr>
        );
      })}
    </Table>
  );
}
