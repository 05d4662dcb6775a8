/** A day written as `20180903`, as ISO 8601; null for anything else. */
export function readDay(text: string): string | null {
  const [, year, month, day] = /^(\d{4})(\d{2})(\d{2})$/.exec(text) ?? [];
  const date = new Date(`${year}-${month}-${day}T00:00:00Z`);
  // JavaScript takes 31 February for 3 March.
  return Number.isNaN(date.getTime()) || date.getUTCDate() !== Number(day) ? null : date.toISOString();
}
