import { expect, it } from "vitest";
import { lineOf, readRetryAfter } from "../../../gateway/webhooks/answer.js";

it.each([
  [undefined, undefined],
  ["", undefined],
  ["soon", undefined],
  ["120", 120_000],
  [" 7 ", 7_000],
  ["999999999", 86_400_000],
  ["Thu, 01 Jan 1970 00:01:00 GMT", 60_000],
  ["Wed, 31 Dec 1969 00:00:00 GMT", 0],
])("a Retry-After of %o is %o ms", (header, ms) => {
  expect(readRetryAfter(header, 0)).toBe(ms);
});

it.each([
  [new Error("connect ECONNREFUSED 127.0.0.1:1"), "connect ECONNREFUSED 127.0.0.1:1"],
  [new AggregateError([new Error("no ::1"), new Error("no 127.0.0.1"), new Error("no ::1")]), "no ::1; no 127.0.0.1"],
  [new Error("140:error\n\tssl\0:\u001b[31m\n"), "140:error ssl : [31m"],
  [Object.assign(new Error(""), { code: "ECONNRESET" }), "ECONNRESET"],
  [new Error("x".repeat(2_000)), "x".repeat(500)],
  ["", "the request failed"],
])("an error is one readable line: %o", (error, line) => {
  expect(lineOf(error)).toBe(line);
});
