/** What clamd says of its signatures when it starts. */
export interface ClamdStart {
  /** It is too old for some signatures, and leaves those out. */
  readonly isOutdated: boolean;
  /** How many it has loaded; null if it does not say. */
  readonly loaded: number | null;
}

/** Reads what libclamav prints, and clamd's log. */
export function readClamdStart(text: string): ClamdStart {
  const loaded = /\bLoaded (\d{1,12}) signatures\b/.exec(text)?.[1];
  return {
    isOutdated: /^LibClamAV Warning: \*+ *This version of the ClamAV engine is outdated\b/m.test(text),
    loaded: loaded === undefined ? null : Number(loaded),
  };
}

/** The head of a database: how many signatures it has, and which functionality level is to load them. */
export interface DatabaseHead {
  readonly name: string;
  readonly signatures: number;
  readonly level: number;
}

/** What the operator should know about a clamd that is too old; undefined for any other. */
export function explainOutdated(version: string | null, start: ClamdStart, heads: readonly DatabaseHead[]): string | undefined {
  if (!start.isOutdated) return undefined;
  const newest = heads.toSorted((one, other) => other.level - one.level)[0];
  const needed = newest ? ` ${newest.name} is made for functionality level ${newest.level}.` : "";
  const all = heads.reduce((sum, { signatures }) => sum + signatures, 0);
  const count = start.loaded === null || all === 0 ? "" : ` It has loaded ${start.loaded} of ${all} signatures.`;
  return `ClamAV ${version ?? ""}`.trimEnd() + ` is too old for its signatures: update the package.${needed}${count}`;
}
