/** The filter that an address stands for, as the gateway takes it. */

import { isHash } from "../../api/hash.ts";
import type { ResultFilter, ScanFilter, TimeRange } from "../../generated/scans.ts";

const VERDICTS = ["INFECTED", "SUSPICIOUS", "INCONCLUSIVE", "CLEAN"] as const;
const ENGINE_VERDICTS = ["INFECTED", "SUSPICIOUS", "CLEAN"] as const;
const STATES = ["CANCELLED", "FAILED", "NO_AGENT", "TIMEOUT", "UNSCANNED"] as const;
const UNIT_MS: Readonly<Record<string, number>> = { h: 3_600_000, d: 86_400_000 };
const DURATION_MS: Readonly<Record<string, number>> = { s: 1_000, min: 60_000 };
const POWERS: Readonly<Record<string, number>> = { k: 1, m: 2, g: 3, t: 4 };

/** `now` is the server's time: `since=24h` counts from it. */
export function filterOf(address: URLSearchParams, now: number): ScanFilter | undefined {
  const all = (key: string) => some(address.getAll(key).filter((value) => value !== ""));
  const one = (key: string) => all(key)?.[0];
  const state = one("state");
  const batch = one("batch");
  const [min, max] = [one("min"), one("max")];
  const started = timeRange(one("since"), one("until"), now);
  const ended = timeRange(one("endedSince"), one("endedUntil"), now);
  const filter: ScanFilter = {
    ...defined({ verdicts: some(VERDICTS.filter((verdict) => all("verdict")?.includes(verdict))) }),
    ...defined({ final: state === "final" ? true : state === "open" ? false : undefined }),
    ...defined({ names: all("name"), hashes: all("hash"), mimes: all("type"), results: resultFilters(all, one) }),
    ...defined({ labels: all("label")?.map(labelFilter), batch: batch === undefined ? undefined : Number(batch) }),
    ...((min ?? max) !== undefined && { size: defined({ min: bytesOf(min), max: bytesOf(max) }) }),
    ...defined({ started, ended }),
  };
  return Object.keys(filter).length > 0 ? filter : undefined;
}

/** One result has to match all of it: "an engine's answer" beside "engine" is the answer of that engine. */
function resultFilters(all: (key: string) => string[] | undefined, one: (key: string) => string | undefined) {
  const disagrees = one("disagrees");
  const common = defined({
    engines: all("engine"),
    signature: one("signature"),
    signatureIs: one("signatureIs"),
    slowerThanMs: millisecondsOf(one("slowerThan")),
    disagrees: disagrees === undefined ? undefined : disagrees === "true",
  });
  const answers = all("answer") ?? [];
  const verdicts = some(ENGINE_VERDICTS.filter((verdict) => answers.includes(verdict)));
  const states = some(STATES.filter((state) => answers.includes(state) || (answers.includes("ERROR") && state !== "CANCELLED")));
  const filters: ResultFilter[] = [];
  if (verdicts !== undefined) filters.push({ ...common, verdicts });
  if (states !== undefined) filters.push({ ...common, states });
  if (filters.length === 0 && Object.keys(common).length > 0) filters.push(common);
  return some(filters);
}

/** What is searched for, in the words of filters; undefined where they have none for it, as for numbers beside names. */
export function termsAsFilters(text: string): URLSearchParams | undefined {
  const terms = termsOf(text);
  const address = new URLSearchParams();
  if (terms.every((term) => isHash(term))) for (const term of terms) address.append("hash", term);
  else if (terms.every((term) => !isHash(term) && !/^#?\d+$/.test(term))) for (const term of terms) address.append("name", term);
  else return undefined;
  return address;
}

/** The terms of a search. */
export function termsOf(text: string): string[] {
  return text
    .split(",")
    .map((term) => term.trim())
    .filter((term) => term !== "");
}

function labelFilter(text: string) {
  const at = text.indexOf("=");
  return at < 0 ? { key: text } : { key: text.slice(0, at), value: text.slice(at + 1) };
}

/** `100 KiB`, `20m` or a plain number of bytes. */
export function bytesOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const [, number, unit] = /^\s*(\d+)\s*([kmgt])?(?:i?b)?\s*$/i.exec(text) ?? [];
  return Number(number) * 1_024 ** (POWERS[unit?.toLowerCase() ?? ""] ?? 0);
}

/** `10 s`, `250ms`, `2 min` or a plain number of milliseconds. */
export function millisecondsOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const [, number, unit = "ms"] = /^\s*(\d+)\s*(ms|s|min)?\s*$/.exec(text) ?? [];
  return Number(number) * (DURATION_MS[unit] ?? 1);
}

function timeRange(since: string | undefined, until: string | undefined, now: number): TimeRange | undefined {
  if ((since ?? until) === undefined) return undefined;
  return defined({ since: timeOf(since, now), until: timeOf(until, now) });
}

/** A time ago, such as `24h`, or a date. */
function timeOf(text: string | undefined, now: number): string | undefined {
  const [, number, unit] = /^(\d{1,5})([hd])$/.exec(text ?? "") ?? [];
  if (number !== undefined) return new Date(now - Number(number) * (UNIT_MS[unit ?? ""] ?? 0)).toISOString();
  return text !== undefined && /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text;
}

function some<T>(list: readonly T[]): T[] | undefined {
  return list.length > 0 ? [...list] : undefined;
}

/** The fields that have a value. */
function defined<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
}
