/** How many rows the tables in an engine's details have: a page has 80 at most, and 60 may be engines. */

import { createContext, useContext, useId, useMemo, useState, type ReactNode } from "react";
import { useRows } from "../../parts/rows.tsx";
import { ScrollX } from "../../parts/scroll-x.tsx";

const ROOM = 18;

interface Room {
  /** All rows of all tables have room. */
  readonly hasAll: boolean;
  readonly opened: string | undefined;
  open(table: string | undefined): void;
}

const Tables = createContext<Room>({ hasAll: true, opened: undefined, open: () => {} });

/** Around details: where their tables have too many rows together, one of them is open at a time. */
export function DetailTables({ details, children }: { details: unknown; children: ReactNode }) {
  const [opened, open] = useState<string>();
  const hasAll = useMemo(() => rowsIn(details) <= ROOM, [details]);
  return <Tables value={{ hasAll, opened, open }}>{children}</Tables>;
}

interface Props<T> {
  readonly records: readonly T[];
  /** What a row is called, such as `Strings`. */
  readonly what: string;
  children(rows: readonly T[]): ReactNode;
}

/** A table in details, a page of rows at a time. */
export function DetailTable<T>({ records, what, children }: Props<T>) {
  const id = useId();
  const { hasAll, opened, open } = useContext(Tables);
  const isOpen = hasAll || opened === id;
  const { rows, buttons } = useRows(records, what, { length: ROOM - 3 });
  return (
    <div>
      {!hasAll && (
        <button type="button" aria-expanded={isOpen} onClick={() => open(isOpen ? undefined : id)}>
          {isOpen ? "Hide" : "Show"} {records.length} {what.toLowerCase()}
        </button>
      )}
      {isOpen && (
        <>
          <ScrollX>{children(rows)}</ScrollX>
          {buttons}
        </>
      )}
    </div>
  );
}

/** The rows of all tables that details would be shown as. */
function rowsIn(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  if (Array.isArray(value) && value.every(isFlat)) return value.length;
  return Object.values(value).reduce<number>((sum, inner) => sum + rowsIn(inner), 0);
}

/** A record whose fields are all plain values: a row. */
export function isFlat(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((field) => typeof field !== "object" || field === null);
}
