import type { ResultFilter, ScanFilter } from "../../../schema/graphql/scan-filter.js";
import type { Database } from "../../db/database.js";
import { findEngineIds } from "../../db/engines.js";
import type { ResultCriteria, ScanCriteria } from "../../db/scan-list.js";
import { badInput } from "../../errors.js";
import { entries, hashes, mimes, optional, positive, sizes, text, texts, times } from "./filter-values.js";

/** The trigram index on signatures needs three characters. */
const MIN_SIGNATURE = 3;

/** The criteria of a filter on scans. Throws BAD_INPUT for invalid values and unknown engines. */
export async function scanCriteria(db: Database, filter: ScanFilter | null | undefined): Promise<ScanCriteria> {
  if (filter === null || filter === undefined) return {};
  return {
    verdicts: entries("filter.verdicts", filter.verdicts),
    final: filter.final ?? undefined,
    mimes: mimes("filter.mimes", filter.mimes),
    size: sizes("filter.size", filter.size),
    started: times("filter.started", filter.started),
    ended: times("filter.ended", filter.ended),
    names: texts("filter.names", filter.names),
    hashes: hashes("filter.hashes", filter.hashes),
    labels: entries("filter.labels", filter.labels)?.map(({ key, value }, i) => ({
      key: text(`filter.labels.${i}.key`, key),
      value: value === "" ? value : optional(`filter.labels.${i}.value`, value, text),
    })),
    batch: optional("filter.batch", filter.batch, positive),
    origins: entries("filter.origins", filter.origins),
    results: await resultCriteria(db, entries("filter.results", filter.results)),
  };
}

async function resultCriteria(
  db: Database,
  filters: readonly ResultFilter[] | undefined,
): Promise<readonly ResultCriteria[] | undefined> {
  if (filters === undefined) return undefined;
  const named = filters.map(({ engines }, i) => texts(`filter.results.${i}.engines`, engines)?.map((name) => name.trim()));
  const names = new Set(named.flatMap((list) => list ?? []).map((name) => name.toLowerCase()));
  const ids = names.size > 0 ? await findEngineIds(db, [...names]) : new Map<string, number>();
  return filters.map(({ verdicts, states, signature, signatureIs, slowerThanMs, disagrees }, i) => {
    const path = `filter.results.${i}`;
    return {
      engineIds: named[i]?.map((name) => {
        const id = ids.get(name.toLowerCase());
        if (id === undefined) throw badInput(`${path}.engines`, `there is no engine ${name}`);
        return id;
      }),
      verdicts: entries(`${path}.verdicts`, verdicts),
      states: entries(`${path}.states`, states),
      signature: optional(`${path}.signature`, signature, signatureText),
      signatureIs: optional(`${path}.signatureIs`, signatureIs, text),
      slowerThanMs: optional(`${path}.slowerThanMs`, slowerThanMs, notNegative),
      disagrees: disagrees ?? undefined,
    };
  });
}

function notNegative(path: string, value: number): number {
  if (value < 0) throw badInput(path, "must not be negative");
  return value;
}

function signatureText(path: string, value: string): string {
  const trimmed = value.trim();
  if ([...trimmed].length < MIN_SIGNATURE) throw badInput(path, `needs ${MIN_SIGNATURE} characters at least`);
  return text(path, trimmed);
}
