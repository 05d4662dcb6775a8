import { SaveButton } from "../../parts/save-button.tsx";
import { termsAsFilters } from "./scan-filter.ts";

/** Longer addresses are refused by proxies. */
const LONGEST = 6_000;
const REASON = "CSV is there for all scans, for hashes and for names: take the other filters away.";

/** Saves the scans of the list as CSV, where the gateway can write them. */
export function Csv({ address }: { address: URLSearchParams }) {
  const path = pathOf(address);
  if (path !== undefined)
    return (
      <SaveButton path={path} name="scans.csv" of="of these scans">
        CSV
      </SaveButton>
    );
  return (
    <>
      <button type="button" disabled aria-describedby="no-csv">
        CSV
      </button>
      <span id="no-csv" className="small soft">
        {REASON}
      </span>
    </>
  );
}

/** The export takes hashes and names in the case that they are written in, and `%` for any text. */
function pathOf(address: URLSearchParams): string | undefined {
  const filters = new URLSearchParams(address);
  const text = filters.get("q");
  filters.delete("after");
  if (text !== null) {
    const terms = termsAsFilters(text);
    if (terms?.has("hash") !== true) return undefined;
    filters.delete("q");
    for (const hash of terms.getAll("hash")) filters.append("hash", hash);
  }
  const keys = new Set(filters.keys());
  if (keys.size === 0) return "export/csv";
  const key = keys.has("hash") ? "hash" : "name";
  const terms = filters.getAll(key);
  if (keys.size > 1 || !keys.has(key) || terms.some((term) => /[%,]/.test(term))) return undefined;
  const query = encodeURIComponent(terms.join(",").replaceAll("*", "%"));
  return query.length > LONGEST ? undefined : `export/csv?q=${query}`;
}
