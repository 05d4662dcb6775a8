import type { ReactNode } from "react";
import { ScrollX } from "./scroll-x.tsx";

/** The head of a column: its label, and how its cells are set if not as text. */
export type Column = string | { readonly label: string; readonly className: string };

/** A table that scrolls sideways where it does not fit; its rows are the children. */
export function Table({ columns, children }: { columns: readonly Column[]; children: ReactNode }) {
  return (
    <ScrollX>
      <table className="whole-words">
        <thead>
          <tr>
            {columns.map((column) => {
              const { label, className } = typeof column === "string" ? { label: column, className: undefined } : column;
              return (
                <th key={label} scope="col" className={className}>
                  {label}
                </th>
              );
            })}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </ScrollX>
  );
}

/** A column of numbers. */
export function numbers(label: string): Column {
  return { label, className: "number" };
}
