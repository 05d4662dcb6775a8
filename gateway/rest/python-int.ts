/** What Python's `int()` accepts: decimal digits of any script with single underscores between them, a sign, and white space around. */
const NUMBER = /^[\s\x1c-\x1f\x85]*([+-]?)(\p{Nd}+(?:_\p{Nd}+)*)[\s\x1c-\x1f\x85]*$/u;

/** The number that Python's `int()` returns for a JSON value; undefined if it would raise. */
export function pythonInt(value: unknown): number | undefined {
  if (typeof value === "boolean") return Number(value);
  if (typeof value === "number") return Number.isFinite(value) ? Math.trunc(value) : undefined;
  const [, sign, digits] = typeof value === "string" && value.length <= 4_300 ? (NUMBER.exec(value) ?? []) : [];
  if (digits === undefined) return undefined;
  const ascii = [...digits.replaceAll("_", "")].map(digitValue).join("");
  return Number(`${sign}${ascii}`) + 0;
}

/** Unicode keeps the digits 0 to 9 of each script adjacent, and some of these groups adjacent to each other. */
function digitValue(digit: string): number {
  const point = digit.codePointAt(0) as number;
  let first = point;
  while (/\p{Nd}/u.test(String.fromCodePoint(first - 1))) first -= 1;
  return (point - first) % 10;
}
