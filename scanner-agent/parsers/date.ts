const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
/** Minutes ahead of UTC. Abbreviations that several zones share are left out: a date is right or unknown. */
const ZONES: Readonly<Record<string, number>> = {
  "": 0,
  z: 0,
  utc: 0,
  gmt: 0,
  cet: 60,
  cest: 120,
  msk: 180,
  jst: 540,
  est: -300,
  edt: -240,
  mst: -420,
  mdt: -360,
  pst: -480,
  pdt: -420,
};

const TIME = String.raw`(?<hour>\d{1,2}):(?<minute>\d\d)(?::(?<second>\d\d)(?:[.,]\d+)?)?`;
const ZONE = String.raw`(?<zone>[a-z]{1,4}|(?:utc|gmt)?[+-]\d\d(?::?\d\d)?)`;
const FORMS = [
  // 20180903, 20180903T1000Z, 20180903100000
  String.raw`(?<year>\d{4})(?<month>\d\d)(?<day>\d\d)(?:t?(?<hour>\d\d)(?<minute>\d\d)(?<second>\d\d)?)?${ZONE}?`,
  // 2018-09-03, 2018/09/03 10:00:00 +0200
  String.raw`(?<year>\d{4})(?<dash>[-/.])(?<month>\d{1,2})\k<dash>(?<day>\d{1,2})(?:[t ] *${TIME})? *${ZONE}?`,
  // 03.09.2018 10:00
  String.raw`(?<day>\d{1,2})\.(?<month>\d{1,2})\.(?<year>\d{4})(?: +${TIME})? *${ZONE}?`,
  // Mon Sep  3 10:00:00 UTC 2018
  String.raw`(?:[a-z]{3} +)?(?<month>[a-z]{3}) +(?<day>\d{1,2}) +${TIME} +(?:${ZONE} +)?(?<year>\d{4})`,
  // Mon, 03 Sep 2018 10:00:00 GMT
  String.raw`(?:[a-z]{3,9},? +)?(?<day>\d{1,2})[- ](?<month>[a-z]{3,9})[- ](?<year>\d{4})(?:,? +${TIME} *${ZONE}?)?`,
  // September 3, 2018
  String.raw`(?<month>[a-z]{3,9})\.? +(?<day>\d{1,2}),? +(?<year>\d{4})(?:,? +${TIME} *${ZONE}?)?`,
].map((form) => new RegExp(`^${form}$`, "i"));

/**
 * A date as engines write it, as ISO 8601; null for anything else. What names no zone is in UTC, whatever the agent's zone:
 * engines run with `TZ=UTC`.
 */
export function readDate(text: string): string | null {
  const written = text.trim().slice(0, 100);
  if (/^\d{10}(\d{3})?$/.test(written)) return new Date(Number(written.padEnd(13, "0"))).toISOString();
  for (const form of FORMS) {
    const groups = form.exec(written)?.groups;
    if (groups !== undefined) return instantOf(groups);
  }
  return null;
}

function instantOf(groups: Readonly<Record<string, string | undefined>>): string | null {
  const number = (name: string) => Number(groups[name] ?? 0);
  const word = groups["month"] ?? "";
  const month = /^\d/.test(word) ? Number(word) - 1 : MONTHS.indexOf(word.slice(0, 3).toLowerCase());
  const ahead = minutesAhead((groups["zone"] ?? "").toLowerCase());
  if (ahead === undefined) return null;
  const parts = [number("year"), month, number("day"), number("hour"), number("minute"), number("second")] as const;
  const date = new Date(Date.UTC(...parts));
  // JavaScript takes 31 February for 3 March.
  const read = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate(), date.getUTCHours(), date.getUTCMinutes()];
  if (read.some((part, index) => part !== parts[index]) || parts[5] > 59) return null;
  return new Date(date.getTime() - ahead * 60_000).toISOString();
}

function minutesAhead(zone: string): number | undefined {
  const [, sign, hours, minutes = "0"] = /^(?:utc|gmt)?([+-])(\d\d):?(\d\d)?$/.exec(zone) ?? [];
  if (sign === undefined) return ZONES[zone];
  return (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
}
