/** Which scans are behind a figure. */
export interface ScansBehind {
  readonly since: string;
  readonly until: string;
  readonly verdict?: string | readonly string[];
  readonly engine?: string;
  /** What the engine answered. */
  readonly answer?: readonly string[];
  readonly signature?: string;
  readonly type?: string;
}

/** The address of the list of these scans. */
export function scansAddress(behind: ScansBehind): string {
  const parameters = new URLSearchParams();
  for (const [name, values] of Object.entries(behind)) {
    for (const value of [values].flat()) parameters.append(name, String(value));
  }
  return `/scans?${parameters}`;
}
