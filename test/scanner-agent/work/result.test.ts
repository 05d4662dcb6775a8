import { expect, test } from "vitest";
import { fitResult } from "../../../scanner-agent/work/result.js";
import { MAX_RESULT_BYTES, ResultMessage } from "../../../schema/messages.js";

const BASE: ResultMessage = {
  v: 1,
  scan: 1,
  agent: "a",
  state: "DONE",
  verdict: null,
  signature: null,
  error: null,
  versions: { engine: null, signatures: null, signatureDate: null },
  image: null,
  startedAt: null,
  durationMs: null,
  details: null,
  truncated: false,
};

test("a result that fits is sent as it is", () => {
  const message = { ...BASE, details: { list: [1, "two", { three: null }] } };
  expect(fitResult(message)).toEqual(message);
});

test.each([
  ["a long text", { text: "é".repeat(2 * MAX_RESULT_BYTES) }],
  ["a long list", { list: Array.from({ length: 200_000 }, (_, n) => n) }],
  ["many long texts", { list: Array.from({ length: 3_000 }, () => "x".repeat(3_000)) }],
  ["many keys", Object.fromEntries(Array.from({ length: 100_000 }, (_, n) => [`key ${n}`, n]))],
])("%s is cut and says so, with the verdict kept", (_, details) => {
  const message = fitResult({ ...BASE, verdict: "INFECTED", signature: "Bad", details });
  expect(message).toMatchObject({ verdict: "INFECTED", signature: "Bad", truncated: true });
  expect(Buffer.byteLength(JSON.stringify(message))).toBeLessThanOrEqual(MAX_RESULT_BYTES);
  expect(ResultMessage.safeParse(message).success).toBe(true);
});

test("nesting has an end", () => {
  let nested: unknown = "deep";
  for (let n = 0; n < 50_000; n++) nested = [nested];
  expect(fitResult({ ...BASE, details: { nested } })).toMatchObject({ truncated: true });
});

test("texts hold neither NUL nor half a character", () => {
  const message = fitResult({ ...BASE, signature: "a\0b", details: { "k\0ey": "x\0y\ud800z" } });
  expect(message.signature).toBe("ab");
  expect(message.details).toEqual({ key: "xy\ufffdz" });
});

test("an error is cut to what a message may carry", () => {
  const message = fitResult({ ...BASE, state: "FAILED", error: "e".repeat(100_000) });
  expect(ResultMessage.safeParse(message).success).toBe(true);
});
