import { useState } from "react";
import { Link } from "wouter";
import { createStore, useStore } from "../../api/store.ts";
import { Name } from "../../parts/name.tsx";

const KEPT_AS = "scanmesh-saved-filters";
const LONGEST_NAME = 60;

interface SavedFilter {
  readonly name: string;
  /** What stands behind the `?` of the address. */
  readonly search: string;
}

const saved = createStore(read());

/** Filters that were given a name. They are kept in this browser. */
export function SavedFilters({ search }: { search: string }) {
  const filters = useStore(saved);
  const [name, setName] = useState<string>();
  const isSaved = filters.some((filter) => filter.search === search);
  return (
    <div className="row">
      {filters.length > 0 && (
        <ul className="row" aria-label="Saved filters">
          {filters.map((filter) => (
            <li key={filter.name} className="chip">
              <Link href={`/scans?${filter.search}`} aria-current={filter.search === search ? "page" : undefined}>
                <Name text={filter.name} />
              </Link>
              <button className="plain" type="button" onClick={() => keep(filters.filter((one) => one !== filter))}>
                <span aria-hidden="true">✕</span>
                <span className="unseen">
                  Forget the saved filter <Name text={filter.name} />
                </span>
              </button>
            </li>
          ))}
        </ul>
      )}
      {search !== "" && !isSaved && name === undefined && (
        <button className="plain" type="button" onClick={() => setName("")}>
          Save this filter
        </button>
      )}
      {name !== undefined && (
        <form
          className="row"
          onSubmit={(event) => {
            event.preventDefault();
            keep([...filters.filter((filter) => filter.name !== name.trim()), { name: name.trim(), search }]);
            setName(undefined);
          }}
        >
          <input
            aria-label="Name of the filter"
            placeholder="A name for it"
            autoFocus
            required
            pattern=".*\S.*"
            maxLength={LONGEST_NAME}
            value={name}
            onChange={({ target }) => setName(target.value)}
          />
          <button type="submit">Save</button>
          <button type="button" onClick={() => setName(undefined)}>
            Do not save
          </button>
        </form>
      )}
    </div>
  );
}

function keep(filters: readonly SavedFilter[]): void {
  localStorage.setItem(KEPT_AS, JSON.stringify(filters));
  saved.set(filters);
}

function read(): readonly SavedFilter[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEPT_AS) ?? "[]");
    return Array.isArray(kept) ? kept.filter(isSavedFilter) : [];
  } catch {
    // Somebody has changed it by hand: as good as nothing.
    return [];
  }
}

function isSavedFilter(value: unknown): value is SavedFilter {
  const { name, search } = (value ?? {}) as Partial<Record<keyof SavedFilter, unknown>>;
  return typeof name === "string" && typeof search === "string";
}
