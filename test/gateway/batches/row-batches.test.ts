import { pino } from "pino";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { DatabaseAway } from "../../../gateway/errors.js";
import { createRowBatches, type RowBatch } from "../../../gateway/batches/row-batches.js";

beforeEach(() => void vi.useFakeTimers({ toFake: ["performance"] }));
afterEach(() => void vi.useRealTimers());

/** Work on these rows, a batch of which fails if a bad one is in it. */
function workOn(rows: Set<number>, bad: (row: number) => Error | undefined) {
  return ({ limit, except, took }: RowBatch): Promise<boolean> => {
    const taken = [...rows].filter((row) => !except.includes(row)).slice(0, limit);
    took(taken);
    const [error] = taken.flatMap((row) => bad(row) ?? []);
    if (error) return Promise.reject(error);
    for (const row of taken) rows.delete(row);
    return Promise.resolve(taken.length === limit);
  };
}

const rowsTo = (count: number) => new Set(Array.from({ length: count }, (_, i) => i + 1));
const log = pino({ enabled: false });

it("rows that fail are left out and cost no other, and are tried again after a while", async () => {
  const batches = createRowBatches(100, log, "scan");
  const rows = rowsTo(1_000);
  const bad = new Set([1, 555, 1_000]);
  const work = workOn(rows, (row) => (bad.has(row) ? new Error(`${row} is damaged`) : undefined));
  await batches.run(work);
  expect([...rows]).toEqual([...bad]);
  bad.clear();
  await batches.run(work);
  expect(rows.size).toBe(3);
  vi.advanceTimersByTime(5_000);
  await batches.run(work);
  expect([...rows]).toEqual([]);
});

it("however many rows fail alone, those between them are done by one run", async () => {
  const rows = rowsTo(1_000);
  const bad = [...rows].filter((row) => row % 100 === 0);
  await createRowBatches(100, log, "scan").run(workOn(rows, (row) => (row % 100 === 0 ? new Error("damaged") : undefined)));
  expect([...rows]).toEqual(bad);
});

it("what keeps back all rows is thrown after a few of them", async () => {
  const rows = rowsTo(1_000);
  const failing = createRowBatches(100, log, "scan").run(workOn(rows, () => new Error("no such table")));
  await expect(failing).rejects.toThrow("no such table");
  expect(rows.size).toBe(1_000);
});

it("a row that ends the connection is found by the next runs, each of which ends as if Postgres were away", async () => {
  const batches = createRowBatches(8, log, "scan");
  const rows = rowsTo(20);
  const work = workOn(rows, (row) => (row === 5 ? new DatabaseAway(new Error("gone")) : undefined));
  for (let runs = 0; runs < 6; runs++)
    await batches.run(work).catch((error: unknown) => expect(error).toBeInstanceOf(DatabaseAway));
  expect([...rows]).toEqual([5]);
});
