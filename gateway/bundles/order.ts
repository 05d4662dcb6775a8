/** Decides which of two bundles is older, where their versions or dates can be compared at all. */

/** What says how old a bundle is. */
export interface Dated {
  readonly version: string | null;
  /** When its content was made. */
  readonly date: Date | null;
}

/** Why the first is older than the second, in words; undefined: it is not, or it cannot be told. */
export function explainOlder(one: Dated, than: Dated): string | undefined {
  const [version, before] = [versionNumber(one.version), versionNumber(than.version)];
  if (version !== undefined && before !== undefined && version !== before)
    return version < before ? `version ${one.version} is older than ${than.version}` : undefined;
  if (one.date !== null && than.date !== null && one.date < than.date)
    return `what was made on ${one.date.toISOString()} is older than what was made on ${than.date.toISOString()}`;
  return undefined;
}

/** Versions of ClamAV's databases are numbers that count up. */
function versionNumber(version: string | null): bigint | undefined {
  return version !== null && /^\d{1,30}$/.test(version) ? BigInt(version) : undefined;
}
