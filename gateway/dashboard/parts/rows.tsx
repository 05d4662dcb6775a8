import { useState } from "react";

const LENGTH = 25;

/** The rows of a long table that are shown now, and the buttons that lead to the others. */
export function useRows<T>(all: readonly T[], what: string, length = LENGTH) {
  const [first, setFirst] = useState(0);
  const start = first < all.length ? first : 0;
  const buttons = all.length > length && (
    <div className="row">
      <button type="button" disabled={start === 0} onClick={() => setFirst(start - length)}>
        {what} before
      </button>
      <span className="soft">
        {start + 1} to {Math.min(start + length, all.length)} of {all.length}
      </span>
      <button type="button" disabled={start + length >= all.length} onClick={() => setFirst(start + length)}>
        More {what.toLowerCase()}
      </button>
    </div>
  );
  return { rows: all.slice(start, start + length), buttons };
}
