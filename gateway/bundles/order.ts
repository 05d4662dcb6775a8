/** Which of two bundles is older: only what has an order is compared. */

/** A bundle as far as its age can be told. */
export interface Dated {
  readonly version: string | null;
  /** When its content was made. */
  readonly date: Date | null;
}

/** Why the first is older than the second, in words; undefined: it is not, as far as that can be told. */
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
