import { expect, test } from "vitest";
import { parseAnswers } from "../../../schema/answer-batch.js";
import { MAX_RESULT_BYTES, type ResultMessage } from "../../../schema/messages.js";
import { createAnswers } from "../../../scanner-agent/bus/answers.js";
import { BusAway, type Bus } from "../../../scanner-agent/bus/bus.js";

function answer(scan: number, more: Partial<ResultMessage> = {}): ResultMessage {
  const nothing = { verdict: null, signature: null, error: null, image: null, startedAt: null, durationMs: null, details: null };
  const versions = { engine: null, signatures: null, signatureDate: null };
  return { v: 1, scan, agent: "a", state: "DONE", ...nothing, versions, truncated: false, ...more };
}

/** A bus that stores messages, but not those on the subject that it refuses. */
function busRefusing(refused = "") {
  const sent: { subject: string; bytes: number; scans: number[] }[] = [];
  const request: Bus["request"] = (subject, data) => {
    const bytes = Buffer.from(data);
    const scans = parseAnswers(bytes).map((one) => ("scan" in one ? one.scan : NaN));
    sent.push({ subject, bytes: bytes.length, scans });
    if (subject === refused) return Promise.reject(new BusAway("it is full"));
    const stored = Buffer.from(JSON.stringify({ stream: "RESULTS", seq: sent.length }));
    return Promise.resolve({ data: stored } as unknown as Awaited<ReturnType<Bus["request"]>>);
  };
  return { sent, bus: { request } as Bus };
}

test("answers that are ready together leave in one message for each engine, and later ones in the next", async () => {
  const { sent, bus } = busRefusing();
  const counts: number[] = [];
  const answers = createAnswers(bus, (count) => counts.push(count));
  await Promise.all([1, 2, 3].flatMap((scan) => ["One", "Two"].map((engine) => answers.publish(engine, answer(scan), 2))));
  await answers.publish("One", answer(4), 2);
  expect(sent.map(({ subject, scans }) => [subject, scans])).toEqual([
    ["result.one", [1, 2, 3]],
    ["result.two", [1, 2, 3]],
    ["result.one", [4]],
  ]);
  expect(counts).toEqual([3, 3, 1]);
});

test("those of requests whose gateway reads no batches leave alone", async () => {
  const { sent, bus } = busRefusing();
  const answers = createAnswers(bus);
  const versions = [2, undefined, 1, 2, 3];
  await Promise.all(versions.map((version, scan) => answers.publish("One", answer(scan + 1), version)));
  expect(sent.map(({ scans }) => scans)).toEqual([[1], [2], [3], [4, 5]]);
});

test("no message is larger than one answer may be, nor has more answers than gateways take", async () => {
  const { sent, bus } = busRefusing();
  const answers = createAnswers(bus);
  const details = { text: "x".repeat(200 * 1024) };
  await Promise.all(Array.from({ length: 5 }, (_, i) => answers.publish("Large", answer(i + 1, { details }), 2)));
  expect(sent.map(({ scans }) => scans)).toEqual([[1, 2], [3, 4], [5]]);
  await Promise.all(Array.from({ length: 5_000 }, (_, i) => answers.publish("Many", answer(i + 1), 2)));
  const many = sent.filter(({ subject }) => subject === "result.many");
  expect(many.flatMap(({ scans }) => scans)).toEqual(Array.from({ length: 5_000 }, (_, i) => i + 1));
  expect(Math.max(...sent.map(({ bytes }) => bytes))).toBeLessThanOrEqual(MAX_RESULT_BYTES);
  expect(Math.max(...many.map(({ scans }) => scans.length))).toBe(200);
});

test("a message that is not stored fails its own answers only", async () => {
  const { bus } = busRefusing("result.two");
  const answers = createAnswers(bus);
  const engines = ["One", "Two", "Two"];
  const ends = await Promise.allSettled(engines.map((engine, scan) => answers.publish(engine, answer(scan + 1), 2)));
  expect(ends.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected"]);
});
