import { afterEach, expect, test } from "vitest";
import { readDate } from "../../../scanner-agent/parsers/date.js";
import { readVersion } from "../../../scanner-agent/runners/clamd/protocol.js";

const zone = process.env["TZ"];
afterEach(() => {
  if (zone === undefined) delete process.env["TZ"];
  else process.env["TZ"] = zone;
});

test.each([
  ["20180903", "2018-09-03T00:00:00.000Z"],
  ["2018-09-03", "2018-09-03T00:00:00.000Z"],
  ["2018/09/03", "2018-09-03T00:00:00.000Z"],
  ["2018.09.03 10:05", "2018-09-03T10:05:00.000Z"],
  ["03.09.2018", "2018-09-03T00:00:00.000Z"],
  ["2018-09-03T10:05:06Z", "2018-09-03T10:05:06.000Z"],
  ["2018-09-03 10:05:06.123 +0200", "2018-09-03T08:05:06.000Z"],
  ["2018-09-03T10:05:06-05:30", "2018-09-03T15:35:06.000Z"],
  ["2018-09-03 10:05:06 UTC", "2018-09-03T10:05:06.000Z"],
  ["20180903100506", "2018-09-03T10:05:06.000Z"],
  ["Mon Sep  3 10:05:06 2018", "2018-09-03T10:05:06.000Z"],
  ["Mon Sep  3 10:05:06 CEST 2018", "2018-09-03T08:05:06.000Z"],
  ["Mon, 03 Sep 2018 10:05:06 GMT", "2018-09-03T10:05:06.000Z"],
  ["03-Sep-2018", "2018-09-03T00:00:00.000Z"],
  ["September 3, 2018", "2018-09-03T00:00:00.000Z"],
  ["1535969106", "2018-09-03T10:05:06.000Z"],
])("%s is %s, whatever the agent's zone", (text, instant) => {
  for (const agent of ["UTC", "Asia/Tokyo", "America/New_York"]) {
    process.env["TZ"] = agent;
    expect(readDate(text)).toBe(instant);
  }
});

test.each([
  "",
  "yesterday",
  "20191308",
  "20190231",
  "2019-02-30",
  "31/12/2019",
  "12/31/2019",
  "2018-09-03 25:00:00",
  "2018-09-03 10:05:06 IST",
  "Foo Bar 99 10:05:06 2018",
  "9".repeat(100_000),
])("%s is no date", (text) => expect(readDate(text)).toBeNull());

test("ClamAV's date is the same instant on an agent in Tokyo", () => {
  process.env["TZ"] = "Asia/Tokyo";
  expect(new Date(2026, 0, 1).toISOString()).toBe("2025-12-31T15:00:00.000Z");
  expect(readVersion("ClamAV 1.4.6/27500/Thu Nov 19 08:21:04 2026", undefined).signatureDate).toBe("2026-11-19T08:21:04.000Z");
});
