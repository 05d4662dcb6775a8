import { PassThrough } from "node:stream";
import { buffer } from "node:stream/consumers";
import { expect, test } from "vitest";
import { createLineReader, sendLine } from "../../../scanner-agent/processes/process-channel.js";

const NEWLINES = Buffer.from("\n{}\nbytes that look like lines\n");

test.each([1, 7, 10_000])("bytes arrive behind their message, whatever they are, in pieces of %i", async (piece) => {
  const wire = new PassThrough();
  sendLine(wire, { n: 1 });
  sendLine(wire, { n: 2 }, NEWLINES);
  sendLine(wire, { n: 3 }, Buffer.alloc(0));
  sendLine(wire, { n: 4 });
  const sent = await buffer(wire.end());
  const taken: [unknown, string | undefined][] = [];
  const read = createLineReader((message, attached) => taken.push([message, attached?.toString()]), { takesAttached: true });
  for (let at = 0; at < sent.length; at += piece) read(sent.subarray(at, at + piece));
  expect(taken).toEqual([
    [{ n: 1 }, undefined],
    [{ n: 2, attached: NEWLINES.length }, NEWLINES.toString()],
    [{ n: 3, attached: 0 }, ""],
    [{ n: 4 }, undefined],
  ]);
});

test("a process can attach nothing: a length that it claims is a field like any other", () => {
  const taken: unknown[] = [];
  const read = createLineReader((message) => taken.push(message), { limit: 100 });
  read(Buffer.from('{"attached":1000000000}\n{"n":1}\n'));
  expect(taken).toEqual([{ attached: 1_000_000_000 }, { n: 1 }]);
});
