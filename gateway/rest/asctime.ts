/** Dates as C's `asctime` writes them, e.g. `Mon Jul  8 13:42:45 2019`. */

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
export const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

export function asctime(date: Date, timeZone: string): string {
  const local = timeZone === "UTC" ? date : new Date(date.getTime() + offset(date, timeZone));
  const two = (value: number) => String(value).padStart(2, "0");
  const time = `${two(local.getUTCHours())}:${two(local.getUTCMinutes())}:${two(local.getUTCSeconds())}`;
  const day = String(local.getUTCDate()).padStart(2);
  return `${DAYS[local.getUTCDay()]} ${MONTHS[local.getUTCMonth()]} ${day} ${time} ${local.getUTCFullYear()}`;
}

/** Time zones change their offset only at quarters of an hour. */
const QUARTER_MS = 900_000;

interface Known {
  readonly format: Intl.DateTimeFormat;
  quarter: number;
  offsetMs: number;
}

/** The last offset of each zone, because consecutive dates mostly fall into the same quarter of an hour. */
const zones = new Map<string, Known>();

/** A zone's offset from UTC at that time, in milliseconds. */
function offset(date: Date, timeZone: string): number {
  const quarter = Math.floor(date.getTime() / QUARTER_MS);
  const zone = zones.get(timeZone) ?? { format: formatFor(timeZone), quarter: Number.NaN, offsetMs: 0 };
  zones.set(timeZone, zone);
  if (zone.quarter === quarter) return zone.offsetMs;
  const start = quarter * QUARTER_MS;
  const part = Object.fromEntries(zone.format.formatToParts(start).map(({ type, value }) => [type, Number(value)]));
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
  Object.assign(zone, { quarter, offsetMs: Date.UTC(year, month - 1, day, hour, minute, second) - start });
  return zone.offsetMs;
}

function formatFor(timeZone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat("en-US", {
    timeZone,
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
    hourCycle: "h23",
  });
}
