import { pino } from "pino";
import { expect, test } from "vitest";
import { done, notDone, Unavailable, type Outcome } from "../../../scanner-agent/contract.js";
import { createFingerprint, type FingerprintedEngine } from "../../../scanner-agent/engine/engine-fingerprint.js";
import { puppet } from "../stage/puppet-engine.js";

const VERSIONS = { engine: "1", signatures: "2018-08-14", signatureDate: null };
const CLEAN = done("CLEAN", null, null);
const answers = (outcome: Outcome = CLEAN) => Promise.resolve(outcome);

/** An engine that uses what the test says, and its fingerprint. */
function engine(manifest: Record<string, unknown> = {}, more: Partial<FingerprintedEngine> = {}) {
  const now: { used: string | null; versions: typeof VERSIONS } = { used: "rules of yesterday", versions: VERSIONS };
  const parts = puppet("Engine", () => answers(), {
    manifest,
    runner: { fingerprint: () => Promise.resolve(now.used) },
  });
  const current = () => ({ runner: parts.runners[0], versions: now.versions });
  const fingerprint = createFingerprint({ manifest: parts.manifest, log: pino({ level: "silent" }), current, ...more });
  const scan = async (run = () => answers()) => (await fingerprint.during(run)).fingerprint;
  return { now, fingerprint, scan };
}

test("an answer has the fingerprint that the presence has, as long as nothing changes", async () => {
  const { fingerprint, scan } = engine();
  expect(fingerprint.last()).toBeUndefined();
  await fingerprint.look();
  const first = await scan();
  expect(first).toMatch(/^[0-9a-f]{64}$/);
  expect([await scan(), fingerprint.last()]).toEqual([first, first]);
});

test("it is another after an update, whatever the versions read, and after a change of the versions alone", async () => {
  const { now, fingerprint, scan } = engine();
  const seen = [await scan()];
  now.used = "rules of today";
  seen.push(await scan());
  now.versions = { ...VERSIONS, engine: "2" };
  seen.push(await scan());
  expect(new Set(seen).size).toBe(3);
  await fingerprint.look();
  expect(fingerprint.last()).toBe(seen.at(-1));
});

test("an answer has none if what the engine uses changed while it ran, and if that is not known", async () => {
  const { now, fingerprint, scan } = engine();
  const update = () => {
    now.used = "rules of today";
    return answers();
  };
  expect(await scan(update)).toBeUndefined();
  expect(await scan()).toBeDefined();
  now.used = null;
  await fingerprint.look();
  expect([await scan(), fingerprint.last()]).toEqual([undefined, undefined]);
});

test("an engine of the internet class has none: what it looks up changes elsewhere", async () => {
  const { fingerprint, scan } = engine({ internet: true });
  await fingerprint.look();
  expect([await scan(), fingerprint.last()]).toEqual([undefined, undefined]);
});

test("only an answer that is DONE has one", async () => {
  const { scan } = engine();
  expect(await scan(() => answers(notDone("UNSCANNED", "ENCRYPTED", "encrypted")))).toBeUndefined();
});

test("it depends on the manifest, on the agent, and of an antivirus engine on the inspector", async () => {
  const of = (manifest: object, versions: object = {}) =>
    engine({ ...manifest }, { versions: { agent: "1", inspector: "1", ...versions } }).scan();
  for (const type of ["AV", "METADATA"]) {
    expect(await of({ type }, { agent: "2" })).not.toBe(await of({ type }));
    expect(await of({ type, timeout: "1s" })).not.toBe(await of({ type }));
    expect(await of({ type, ignore: ["host"] })).not.toBe(await of({ type }));
  }
  expect(await of({ type: "AV" }, { inspector: "2" })).not.toBe(await of({ type: "AV" }));
  expect(await of({ type: "METADATA" }, { inspector: "2" })).toBe(await of({ type: "METADATA" }));
});

test("a look that fails is none, and keeps the engine from nothing", async () => {
  const parts = puppet("Engine", () => answers(), {
    runner: { fingerprint: () => Promise.reject(new Unavailable("Docker has gone")) },
  });
  const current = () => ({ runner: parts.runners[0], versions: VERSIONS });
  const fingerprint = createFingerprint({ manifest: parts.manifest, log: pino({ level: "silent" }), current });
  await fingerprint.look();
  expect(fingerprint.last()).toBeUndefined();
  expect(await fingerprint.during(() => answers())).toEqual(CLEAN);
});
