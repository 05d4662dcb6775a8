import { expect, it } from "vitest";
import { settleTogether, type Settlement } from "../../../gateway/background/settlement.js";

/** How a delivery ends whose parts end so. */
function ended(...ways: ((part: Settlement) => void)[]): string[] {
  const told: string[] = [];
  const delivery = { ack: () => told.push("ack"), nak: (ms: number) => told.push(`nak ${ms}`), term: () => told.push("term") };
  const parts = settleTogether(delivery as unknown as Settlement, ways.length);
  for (const [i, way] of ways.entries()) {
    expect(told).toEqual([]);
    const part = parts[i];
    if (part !== undefined) way(part);
  }
  return told;
}

const ack = (part: Settlement) => part.ack();
const term = (part: Settlement) => part.term();
const nak = (ms: number) => (part: Settlement) => part.nak(ms);

it("a delivery ends once, with its last part", () => {
  expect(ended(ack, ack)).toEqual(["ack"]);
});

it("a delivery is ended for good only if no part can ever be recorded", () => {
  expect(ended(term, term)).toEqual(["term"]);
  expect(ended(term, ack, term)).toEqual(["ack"]);
});

it("a delivery is put back if a part is to be tried again, for the longest of their times", () => {
  expect(ended(ack, nak(500), term, nak(5_000), nak(1))).toEqual(["nak 5000"]);
});
