import { serverNow } from "../api/clock.ts";

const DAY_MS = 86_400_000;
const LIVES: readonly (readonly [days: string, word: string])[] = [
  ["", "Never"],
  ["1", "In a day"],
  ["7", "In 7 days"],
  ["30", "In 30 days"],
  ["90", "In 90 days"],
  ["365", "In a year"],
];

/** A field of a form for when something ends by itself. */
export function Expiry({ label }: { label: string }) {
  return (
    <label className="field">
      {label}
      <select name="days" defaultValue="">
        {LIVES.map(([days, word]) => (
          <option key={days} value={days}>
            {word}
          </option>
        ))}
      </select>
    </label>
  );
}

/** What was chosen in the field, as a time; null: never. */
export function expiryIn(form: FormData): string | null {
  const days = Number(form.get("days"));
  return days === 0 ? null : new Date(serverNow() + days * DAY_MS).toISOString();
}
