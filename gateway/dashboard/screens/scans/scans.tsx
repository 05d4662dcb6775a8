import "./scans.css";
import { useEffect, useMemo, useState } from "react";
import { Link } from "wouter";
import { serverNow } from "../../api/clock.ts";
import { isHash } from "../../api/hash.ts";
import { go, useSearch } from "../../app/location.ts";
import { useMay } from "../../app/viewer.ts";
import type { ScanFilter } from "../../generated/scans.ts";
import { Empty } from "../../parts/empty.tsx";
import { Notice, Problem } from "../../parts/notice.tsx";
import { ScanTable } from "../../parts/scan-table.tsx";
import { countText, useCount } from "./count-scans.ts";
import { Csv } from "./csv.tsx";
import { FilterBar } from "./filter-bar.tsx";
import { chipsOf, mistakeIn } from "./filter-kinds.ts";
import { Newcomers } from "./newcomers.tsx";
import { OpenRow } from "./open-row.tsx";
import { RescanScans } from "./rescan-scans.tsx";
import { SavedFilters } from "./saved-filters.tsx";
import { filterOf, termsAsFilters, termsOf } from "./scan-filter.ts";
import { usePage, type Wanted } from "./use-page.ts";

const NOBODY: ReadonlySet<number> = new Set();

/** Every scan, or those of the filters that are the address. Each page's cursor follows those of the pages before it. */
export default function Scans() {
  const search = useSearch();
  const [reads, setReads] = useState(0);
  const version = `${search} ${reads}`;
  const address = useMemo(() => new URLSearchParams(search), [search]);
  const mistake = mistakeIn(address);
  const wanted = useMemo(() => (mistake === undefined ? wantedBy(address) : undefined), [version]);
  const { scans = [], next, error, isLoading, take } = usePage(wanted, version);
  const count = useCount(wanted, version);
  const [selection, setSelection] = useState({ version, ids: NOBODY });
  const selected = selection.version === version ? selection.ids : NOBODY;
  const wider = !isLoading && !error && scans.length === 0 ? widerSearch(address) : undefined;
  useEffect(() => {
    if (wider !== undefined) go(`/scans?${wider}`, { replace: true });
  }, [wider]);
  const select = (ids: ReadonlySet<number>) => setSelection({ version, ids });
  const mayScan = useMay("SCAN_WRITE");

  const cursors = address.getAll("after");
  const show = (to: URLSearchParams) => go(`/scans${to.size > 0 ? `?${to}` : ""}`);
  const filters = new URLSearchParams(address);
  filters.delete("after");
  const toPage = (after: readonly string[]) => {
    const to = new URLSearchParams(filters);
    for (const cursor of after) to.append("after", cursor);
    show(to);
  };

  return (
    <section className="stack" aria-labelledby="scans">
      <h1 id="scans">Scans</h1>
      <FilterBar address={filters} onChange={show} />
      <SavedFilters search={filters.toString()} />
      {mistake !== undefined && <Problem what={mistake} />}
      {wanted?.isMixed && (
        <Notice tone="doubt">
          Scan numbers, and hashes beside names, cannot be combined with filters. The search is left out.
        </Notice>
      )}
      <div className="row">
        {wanted && wanted.text === undefined && (
          // It listens while the page is read: what comes between the two would be missed.
          <Newcomers
            key={version}
            wanted={wanted}
            newest={cursors.length === 0 && !isLoading ? Math.max(0, ...scans.map(({ scanId }) => scanId)) : undefined}
            onChange={take}
            onShow={() => setReads(reads + 1)}
          />
        )}
        {mayScan && (
          <RescanScans
            key={filters.toString()}
            selected={selected}
            count={count ?? undefined}
            filter={scans.length > 0 && wanted?.text === undefined ? wanted?.filter : undefined}
            onDone={() => select(NOBODY)}
          />
        )}
        {wanted && scans.length > 0 && <Csv filter={csvFilter(wanted)} />}
      </div>
      {scans.map(({ scanId, endDate }) => endDate === null && <OpenRow key={scanId} scanId={scanId} onChange={take} />)}
      {error && <Problem error={error} what="The scans could not be read." />}
      {isLoading && <p className="soft">Loading …</p>}
      {scans.length > 0 && (
        <div className="card stack">
          <p className="small soft">{count === undefined ? "Counting …" : count && listText(countText(count))}</p>
          <ScanTable
            scans={scans}
            caption="Scans"
            time={isByEnd(wanted?.filter) ? "endDate" : "startDate"}
            {...(mayScan && { selection: { selected, onSelect: select } })}
          />
        </div>
      )}
      {!isLoading && !error && mistake === undefined && scans.length === 0 && (
        <NothingFound
          text={address.get("q")?.trim()}
          isFiltered={chipsOf(address).length > 0}
          isOfPast={address.has("endedUntil")}
        />
      )}
      {(cursors.length > 0 || next !== undefined) && (
        <nav className="row" aria-label="Pages">
          <button type="button" disabled={cursors.length === 0} onClick={() => toPage(cursors.slice(0, -1))}>
            Previous
          </button>
          <span className="soft">Page {cursors.length + 1}</span>
          <button type="button" disabled={next === undefined} onClick={() => next !== undefined && toPage([...cursors, next])}>
            Next
          </button>
        </nav>
      )}
    </section>
  );
}

/** The gateway orders what is filtered by its end by that end, everything else as it was accepted. */
function isByEnd(filter: ScanFilter | undefined): boolean {
  return Boolean(filter?.ended) && !filter?.started;
}

function listText(count: string): string {
  return `${count.slice(0, 1).toUpperCase()}${count.slice(1)}`;
}

function NothingFound({
  text = "",
  isFiltered,
  isOfPast,
}: {
  text?: string | undefined;
  isFiltered: boolean;
  isOfPast: boolean;
}) {
  const isPartOfHash = termsOf(text).some((term) => /^\*?[0-9a-f]{8,63}\*?$/i.test(term));
  if (text !== "" && !isFiltered)
    return (
      <Empty title="No scan found">
        {isPartOfHash ? "A hash has to be whole: 32, 40 or 64 digits. " : "No file has a name like that. "}
        <Link href="/scans">All scans</Link>
      </Empty>
    );
  if (!isFiltered)
    return (
      <Empty title="Nothing was scanned yet">
        <Link href="/">Scan a file</Link>
      </Empty>
    );
  if (isOfPast)
    return (
      <Empty title="No scan found">
        If statistics led here, these scans are no longer kept: figures stay longer than their scans.{" "}
        <Link href="/scans">All scans</Link>
      </Empty>
    );
  return (
    <Empty title="No scan found">
      Take a filter away. In a search, <code>*</code> stands for any text: <code>invoice*</code>.{" "}
      <Link href="/scans">All scans</Link>
    </Empty>
  );
}

/** A search for names that contain what is searched for: many know a part of a name, and files of a folder have its name before theirs. */
function widerSearch(address: URLSearchParams): string | undefined {
  const terms = termsOf(address.get("q") ?? "");
  const isWhole = (term: string) => !term.includes("*") && !isHash(term) && !/^#?\d+$/.test(term);
  if (terms.length === 0 || !terms.every(isWhole) || chipsOf(address).length > 0) return undefined;
  return String(new URLSearchParams({ q: terms.map((term) => `*${term}*`).join(", ") }));
}

/** What an address asks for: a search alone has a query of its own, beside filters its terms are filters, too. */
function wantedBy(address: URLSearchParams): Wanted & { readonly isMixed: boolean } {
  const after = address.getAll("after").at(-1);
  const text = address.get("q")?.trim() || undefined;
  if (text === undefined) return { text, filter: filterOf(address, serverNow()), after, isMixed: false };
  if (chipsOf(address).length === 0) return { text, filter: undefined, after, isMixed: false };
  const terms = termsAsFilters(text);
  const both = new URLSearchParams([...address, ...(terms ?? [])]);
  return { text: undefined, filter: filterOf(both, serverNow()), after, isMixed: terms === undefined };
}

/** What the CSV is of; undefined for a search, which finds numbers, and names in any case. */
function csvFilter({ text, filter }: Wanted): ScanFilter | undefined {
  return text === undefined ? (filter ?? {}) : undefined;
}
