/** A time in UTC, to the minute; empty for none. */
export function formatMinute(time: Date | null): string {
  return time?.toISOString().slice(0, 16).replace("T", " ") ?? "";
}
