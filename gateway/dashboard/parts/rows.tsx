import { useState } from "react";

const LENGTH = 25;

/** The rows of a long table that are shown now, and the buttons that lead to the others. */
export function useRows<T>(all: readonly T[], what: string) {
  const [first, setFirst] = useState(0);
  const start = first < all.length ? first : 0;
  const buttons = all.length > LENGTH && (
    <div className="row">
      <button type="button" disabled={start === 0} onClick={() => setFirst(start - LENGTH)}>
        {what} before
      </button>
      <span className="soft">
        {start + 1} to {Math.min(start + LENGTH, all.length)} of {all.length}
      </span>
      <button type="button" disabled={start + LENGTH >= all.length} onClick={() => setFirst(start + LENGTH)}>
        More {what.toLowerCase()}
      </button>
    </div>
  );
  return { rows: all.slice(start, start + LENGTH), buttons };
}
