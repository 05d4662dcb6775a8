import { Link } from "wouter";
import { useParameters } from "../app/parameters.ts";

interface Props {
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  /** What is listed, such as `events`. */
  readonly what: string;
}

/** Leads to the older entries of a list whose address holds its place in `after`. */
export function Pager({ pageInfo: { hasNextPage, endCursor }, what }: Props) {
  const { parameters, addressWith } = useParameters();
  const isLater = parameters.has("after");
  if (!isLater && !hasNextPage) return null;
  return (
    <nav className="row" aria-label={`Pages of ${what}`}>
      {isLater && (
        <Link className="button" href={addressWith({ after: undefined })}>
          The newest {what}
        </Link>
      )}
      {hasNextPage && endCursor !== null && (
        <Link className="button" href={addressWith({ after: endCursor })}>
          Older {what}
        </Link>
      )}
    </nav>
  );
}
