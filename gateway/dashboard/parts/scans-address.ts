/** Which scans are behind a figure. Scans are counted when they end. */
export interface ScansBehind {
  readonly since: string;
  /** Without it, scans that end later are listed, too. */
  readonly until?: string;
  readonly verdict?: string | readonly string[];
  readonly engine?: string;
  /** What the engine answered. */
  readonly answer?: readonly string[];
  readonly signature?: string;
  readonly signatureIs?: string;
  readonly slowerThan?: string;
  readonly disagrees?: "true";
  readonly type?: string;
}

/** The address of the list of these scans. */
export function scansAddress({ since, until, ...others }: ScansBehind): string {
  const parameters = new URLSearchParams({ endedSince: since, ...(until !== undefined && { endedUntil: until }) });
  for (const [name, values] of Object.entries(others)) {
    for (const value of [values].flat()) parameters.append(name, String(value));
  }
  return `/scans?${parameters}`;
}

/** What an engine answers when it did not scan all of a sample: the list of scans knows which states that are. */
export const ERRORS = ["ERROR"];
