import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findSignatures } from "../../../../scanner-agent/runners/clamd/database.js";
import { followSignatures } from "../../../../scanner-agent/runners/clamd/loaded.js";
import { gate } from "../../stage/puppet-engine.js";
import { makeDatabase, type Database } from "./clamav-database.js";

let signatures: Database;
const log = pino({ level: "silent" });

beforeEach(async () => {
  signatures = await makeDatabase();
  await signatures.addEicar();
});
afterEach(() => signatures.remove());

test("which signatures are loaded is not certain while others are being loaded", async () => {
  const { opened, open } = gate();
  const loaded = followSignatures(await findSignatures(signatures.folder), { load: () => opened.then(() => null), log });
  await loaded.follow();
  const before = loaded.state();
  expect(before).not.toBeNull();
  await signatures.addOther();
  await loaded.follow();
  expect(loaded.state(), "they are only seen").toBe(before);
  await loaded.follow();
  expect(loaded.state()).toBeNull();
  open();
  await expect.poll(() => loaded.state()).not.toBeNull();
  expect(loaded.state()).not.toBe(before);
});

test("it is not known while others are not loaded in time, and no other load begins before that one has ended", async () => {
  const loads: { end(error: string | null): void }[] = [];
  const load = () => new Promise<string | null>((end) => loads.push({ end }));
  const loaded = followSignatures(await findSignatures(signatures.folder), { load, log, slowMs: 5 });
  await loaded.follow();
  const before = loaded.state();
  expect(before).not.toBeNull();
  await signatures.addOther();
  for (let look = 0; look < 2; look++) await loaded.follow();
  await expect.poll(() => loaded.warnings()).toEqual([expect.stringMatching(/they were not loaded within 0.005 s$/)]);
  expect(loaded.state()).toBeNull();

  await signatures.addEicar();
  for (let look = 0; look < 3; look++) await loaded.follow();
  expect(loads).toHaveLength(1);
  loads[0]?.end(null);
  await expect.poll(() => loaded.warnings()).toEqual([]);
  for (let look = 0; look < 2; look++) await loaded.follow();
  expect(loads).toHaveLength(2);
  loads[1]?.end(null);
  await expect.poll(() => loaded.state()).not.toBeNull();
  expect(loaded.state()).not.toBe(before);
});

test("it stays the same when others do not load, and is not known if nobody can say", async () => {
  let answer: Promise<string | null> = Promise.resolve("malformed");
  const loaded = followSignatures(await findSignatures(signatures.folder), { load: () => answer, log });
  await loaded.follow();
  const before = loaded.state();
  await signatures.addOther();
  for (let look = 0; look < 2; look++) await loaded.follow();
  await expect.poll(() => loaded.warnings()).not.toEqual([]);
  expect(loaded.state()).toBe(before);
  answer = Promise.reject(new Error("clamd has gone"));
  answer.catch(() => undefined);
  await signatures.addEicar();
  for (let look = 0; look < 2; look++) await loaded.follow();
  await new Promise(setImmediate);
  await expect.poll(() => loaded.state()).toBeNull();
});

test("files that change while clamd loads them are loaded again before it is certain which it has", async () => {
  const found = await findSignatures(signatures.folder);
  await signatures.addOther();
  const loaded = followSignatures(found, { load: () => Promise.resolve(null), log });
  await loaded.follow();
  expect(loaded.state()).toBeNull();
  for (let look = 0; look < 2; look++) await loaded.follow();
  await expect.poll(() => loaded.state()).not.toBeNull();
  expect(loaded.state()).not.toBe(found.state);
});
