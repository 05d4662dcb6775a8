import { hashName } from "../../../schema/hashes.js";
import type { SizeRange, TimeRange } from "../../../schema/graphql/scan-filter.js";
import type { SizeCriteria, TimeCriteria } from "../../db/list-conditions.js";
import { badInput } from "../../errors.js";

/** The most entries of a list in a filter. */
const MOST_ENTRIES = 100;
const MOST_HASHES = 1_000;
/** The most characters of a text in a filter. */
const LONGEST = 1_024;

type Maybe<T> = T | null | undefined;

/** A list in a filter; null means no criterion. Throws BAD_INPUT for an empty list, which would match nothing. */
export function entries<T>(path: string, list: Maybe<readonly T[]>, most = MOST_ENTRIES): readonly T[] | undefined {
  if (list === null || list === undefined) return undefined;
  if (list.length === 0) throw badInput(path, "is empty; leave it out to ask for all");
  if (list.length > most) throw badInput(path, `has ${list.length} entries; ${most} is the most`);
  return list;
}

/** A value in a filter; null means no criterion. */
export function optional<T, R>(path: string, value: Maybe<T>, read: (path: string, value: T) => R): R | undefined {
  return value === null || value === undefined ? undefined : read(path, value);
}

export function positive(path: string, value: number): number {
  if (value < 1) throw badInput(path, "must be positive");
  return value;
}

export function text(path: string, value: string): string {
  if (value === "") throw badInput(path, "is empty");
  if (value.includes("\0")) throw badInput(path, "holds a NUL character");
  if (value.length > LONGEST) throw badInput(path, `has ${value.length} characters; ${LONGEST} is the most`);
  return value;
}

export function texts(path: string, list: Maybe<readonly string[]>): readonly string[] | undefined {
  return entries(path, list)?.map((value, i) => text(`${path}.${i}`, value));
}

export function mimes(path: string, list: Maybe<readonly string[]>): readonly string[] | undefined {
  return entries(path, list)?.map((value, i) => {
    const trimmed = value.trim();
    if (!isMime(trimmed.replace(/\/\*$/, "/any")))
      throw badInput(`${path}.${i}`, "is no MIME type such as application/pdf or image/*");
    return trimmed.toLowerCase();
  });
}

/** The MIME type of a sample; wildcards such as `image/*` are invalid. */
export function mime(path: string, value: string): string {
  if (!isMime(value)) throw badInput(path, "is no MIME type such as application/pdf");
  return value.toLowerCase();
}

function isMime(value: string): boolean {
  return /^[\w.+-]{1,127}\/[\w.+-]{1,127}$/.test(value);
}

export function hashes(path: string, list: Maybe<readonly string[]>): readonly string[] | undefined {
  return entries(path, list, MOST_HASHES)?.map((value, i) => hash(`${path}.${i}`, value));
}

export function hash(path: string, value: string): string {
  const trimmed = value.trim();
  if (hashName(trimmed) === undefined) throw badInput(path, "must be an md5 (32), sha1 (40) or sha256 (64 hex digits)");
  return trimmed.toLowerCase();
}

export function sizes(path: string, range: Maybe<SizeRange>): SizeCriteria | undefined {
  if (range === null || range === undefined) return undefined;
  const [min, max] = [range.min ?? undefined, range.max ?? undefined];
  if ((min ?? 0) > (max ?? Infinity)) throw badInput(path, "min is greater than max");
  return { min, max };
}

export function times(path: string, range: Maybe<TimeRange>): TimeCriteria | undefined {
  if (range === null || range === undefined) return undefined;
  const [since, until] = [range.since ?? undefined, range.until ?? undefined];
  if (since === undefined && until === undefined) return undefined;
  if (since && until && since > until) throw badInput(path, "since is after until");
  return { since, until };
}
