/** Times as fields take them, in the reader's own zone, and as addresses and the gateway have them, in UTC. */

/** `2026-11-29T22:15`, or nothing where there is no such time. */
export function localOf(iso: string | null): string {
  const time = new Date(iso ?? "");
  if (Number.isNaN(time.getTime())) return "";
  return new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** Undefined for an empty field. */
export function utcOf(local: string): string | undefined {
  const time = new Date(local);
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString();
}
