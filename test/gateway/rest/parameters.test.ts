import { describe, expect, it } from "vitest";
import { asctime } from "../../../gateway/rest/asctime.js";
import { createBase64Reader } from "../../../gateway/rest/base64-reader.js";
import { allowsInternet, parseScanId } from "../../../gateway/rest/parameters.js";
import { pythonInt } from "../../../gateway/rest/python-int.js";

describe("a number as Python's int() reads it", () => {
  it.each([
    [3, 3],
    [-1, -1],
    [1.9, 1],
    [-1.9, -1],
    [true, 1],
    [false, 0],
    ["3", 3],
    [" 0 ", 0],
    ["\t-1\n", -1],
    ["+2", 2],
    ["007", 7],
    ["1_0", 10],
    ["-0", 0],
    ["٣", 3],
    ["１２", 12],
    ["\u{1D7CE}\u{1D7D9}", 1],
  ])("takes %j as %j", (value, number) => expect(pythonInt(value)).toBe(number));

  it.each(["", " ", "1.0", "0x1", "1e3", "1__0", "_1", "1_", "+-1", "- 1", "one", "²", null, [], {}, [1], "\ufeff3x", Infinity])(
    "does not take %j",
    (value) => expect(pythonInt(value)).toBeUndefined(),
  );
});

describe("lenient base64", () => {
  const read = (text: string) => {
    const reader = createBase64Reader();
    const bytes = reader.push(text);
    const last = reader.end();
    return last && Buffer.concat([bytes, last]);
  };

  it.each([
    ["", ""],
    ["QUJD", "ABC"],
    ["QUI=", "AB"],
    ["QQ==", "A"],
    ["QQ= =", "A"],
    [" QU\r\nJD\t", "ABC"],
    ["QUJD====", "ABC"],
    ["data:application/octet-stream;base64,QUJD", "ABC"],
    ["data:;base64,", ""],
    ["__-_", "\xff\xff\xbf"],
  ])("takes %j", (text, bytes) => expect(read(text)?.toString("latin1")).toBe(bytes));

  it.each([
    "Q",
    "QUI",
    "QQ",
    "QQ=",
    "QUJDQUI",
    "Q===",
    "data:;base64,QUI",
    "QUJDQ",
    "QQ==QQ==",
    "QUJ!",
    "data:,QUJD",
    "QUJD\u0000",
    "ＱＵＪＤ",
  ])("does not take %j", (text) => expect(read(text)).toBeUndefined());
});

describe("asctime", () => {
  it("pads the day with a space", () =>
    expect(asctime(new Date("2019-07-08T13:42:45Z"), "UTC")).toBe("Mon Jul  8 13:42:45 2019"));
  it("writes midnight as 00", () =>
    expect(asctime(new Date("2024-02-29T00:00:00.999Z"), "UTC")).toBe("Thu Feb 29 00:00:00 2024"));
  it("writes the time of the zone", () =>
    expect(asctime(new Date("2019-12-31T23:30:00Z"), "Europe/Berlin")).toBe("Wed Jan  1 00:30:00 2020"));
});

describe("parameters", () => {
  it.each([true, "true", "True", "TRUE"])("%j allows the internet", (value) => expect(allowsInternet(value)).toBe(true));
  it.each([false, "false", "yes", "1", 1, null, undefined, " true", {}, []])("%j does not", (value) =>
    expect(allowsInternet(value)).toBe(false),
  );

  it("takes an id of up to 19 ASCII digits", () => {
    expect(parseScanId("7")).toBe(7);
    expect(parseScanId("0000000000000000007")).toBe(7);
  });
  it.each(["", "0", "-1", "+1", "1_0", "1e3", "٣", "-0", "1.0", " 1", "9223372036854775808", "00000000000000000001", "1;drop"])(
    "%j is no id",
    (id) => expect(() => parseScanId(id)).toThrow("invalid sample id"),
  );
});
