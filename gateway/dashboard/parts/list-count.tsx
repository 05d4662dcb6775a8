interface Props {
  readonly count: number;
  /** What is counted, in the singular; an `s` makes the plural. */
  readonly one: string;
  /** Otherwise there are more. */
  readonly isExact?: boolean;
  /** What somebody should look at, each kind with how many there are of it. */
  readonly attention?: readonly (readonly [count: number, words: string])[];
}

/** How long a list is, and how much of it needs somebody's attention. */
export function ListCount({ count, one, isExact = true, attention = [] }: Props) {
  const counted = `${isExact ? "" : "More than "}${count.toLocaleString()} ${count === 1 ? one : `${one}s`}`;
  const wanting = attention.filter(([number]) => number > 0).map(([number, words]) => `${number.toLocaleString()} ${words}`);
  return (
    <p className="soft small">
      {counted}
      {wanting.length > 0 && (
        <>
          {": "}
          <strong className="tone-doubt">{wanting.join(", ")}</strong>
        </>
      )}
    </p>
  );
}
