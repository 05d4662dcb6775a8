/** Dates as MultiAV2 wrote them: C's `asctime`, in the time zone of its server. */

import { MONTHS } from "../gateway/rest/asctime.js";

/** C's `asctime` as `YYYY-MM-DD HH:MM:SS`; undefined if it is none. */
export function localTime(asctime: string | null): string | undefined {
  const [, month = "", day = "", time = "", year = ""] =
    /^\s*\w{3} (\w{3}) +(\d{1,2}) (\d\d:\d\d:\d\d) (\d{4})\s*$/.exec(asctime ?? "") ?? [];
  const text = `${year}-${String(MONTHS.indexOf(month) + 1).padStart(2, "0")}-${day.padStart(2, "0")} ${time}`;
  const date = new Date(utc(text));
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text.replace(" ", "T")) ? text : undefined;
}

/** Whether a zone's clocks show this time. They pass over the hour by which they go forward. */
export function existsIn(timeZone: string, local: string): boolean {
  const given = utc(local);
  const clock = new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short", timeStyle: "medium" });
  // The zone's offsets a day before and a day after are all that can hold at that time.
  return [given - 24 * 3_600_000, given + 24 * 3_600_000].some((aside) => {
    const offset = utc(clock.format(aside)) - aside;
    return utc(clock.format(given - offset)) === given;
  });
}

function utc(local: string): number {
  return Date.parse(`${local.replace(" ", "T")}Z`);
}
