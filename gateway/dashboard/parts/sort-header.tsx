import { Link } from "wouter";
import { useParameters } from "../app/parameters.ts";

/** A column by which a table can be ordered. */
export interface SortColumn<T> {
  /** Its name in the address. */
  readonly key: string;
  readonly label: string;
  /** What its rows are ordered by; null stands last. */
  valueOf(row: T): number | null;
}

/** The rows in the order that the address asks for, `sort=errors` or `sort=errors-up`; without one as they come. */
export function useSorted<T>(rows: readonly T[], columns: readonly SortColumn<T>[]): readonly T[] {
  const { parameters } = useParameters();
  const { key, isUp } = orderIn(parameters);
  const column = columns.find((one) => one.key === key);
  if (column === undefined) return rows;
  const weight = (row: T) => column.valueOf(row) ?? (isUp ? Infinity : -Infinity);
  return rows.toSorted((one, other) => {
    const [first, second] = isUp ? [one, other] : [other, one];
    // Two without a value are equal, and not NaN.
    return weight(first) === weight(second) ? 0 : weight(first) - weight(second);
  });
}

/** The head of such a column: the first click puts the most first, the next one the least. */
export function SortHeader({ of: { key, label } }: { of: Pick<SortColumn<never>, "key" | "label"> }) {
  const { parameters, addressWith } = useParameters();
  const order = orderIn(parameters);
  const isSorted = order.key === key;
  return (
    <th scope="col" className="number" aria-sort={isSorted ? (order.isUp ? "ascending" : "descending") : "none"}>
      <Link href={addressWith({ sort: isSorted && !order.isUp ? `${key}${UP}` : key })}>
        {label}
        {isSorted && <span aria-hidden="true">{order.isUp ? " ▲" : " ▼"}</span>}
      </Link>
    </th>
  );
}

const UP = "-up";

function orderIn(parameters: URLSearchParams): { key: string; isUp: boolean } {
  const sort = parameters.get("sort") ?? "";
  return { key: sort.endsWith(UP) ? sort.slice(0, -UP.length) : sort, isUp: sort.endsWith(UP) };
}
