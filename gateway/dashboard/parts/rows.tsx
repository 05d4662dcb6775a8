import { useState } from "react";
import { go } from "../app/location.ts";
import { useParameters } from "../app/parameters.ts";

const LENGTH = 25;

interface Options {
  readonly length?: number;
  /** The parameter of the address that says which rows are shown; without it they are not in the address. */
  readonly place?: string;
}

/** The rows of a long table that are shown now, and the buttons that lead to the others. */
export function useRows<T>(all: readonly T[], what: string, { length = LENGTH, place }: Options = {}) {
  const { parameters, addressWith } = useParameters();
  const [first, setFirst] = useState(0);
  const wanted = place === undefined ? first : Number(parameters.get(place) ?? 0);
  const start = wanted > 0 && wanted % length === 0 && wanted < all.length ? wanted : 0;
  const show = (to: number) => {
    if (place === undefined) setFirst(to);
    else go(addressWith({ [place]: to === 0 ? undefined : String(to) }));
  };
  const buttons = all.length > length && (
    <div className="row">
      <button type="button" disabled={start === 0} onClick={() => show(start - length)}>
        {what} before
      </button>
      <span className="soft">
        {start + 1} to {Math.min(start + length, all.length)} of {all.length}
      </span>
      <button type="button" disabled={start + length >= all.length} onClick={() => show(start + length)}>
        More {what.toLowerCase()}
      </button>
    </div>
  );
  return { rows: all.slice(start, start + length), buttons };
}
