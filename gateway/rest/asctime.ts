/** Dates as C's `asctime` writes them, e.g. `Mon Jul  8 13:42:45 2019`. */

const formats = new Map<string, Intl.DateTimeFormat>();

function formatFor(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known) return known;
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone,
    weekday: "short",
    month: "short",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
    year: "numeric",
  });
  formats.set(timeZone, format);
  return format;
}

export function asctime(date: Date, timeZone: string): string {
  const parts = Object.fromEntries(
    formatFor(timeZone)
      .formatToParts(date)
      .map(({ type, value }) => [type, value]),
  );
  const { weekday, month, day = "", hour, minute, second, year } = parts;
  return `${weekday} ${month} ${day.padStart(2)} ${hour}:${minute}:${second} ${year}`;
}
