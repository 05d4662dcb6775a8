/** What a try says of samples that its process does not survive, or whose bytes do not come: real YARA-X, in a process of its own. */

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterAll, beforeAll, expect, it } from "vitest";
import { NoRoom } from "../../../scanner-agent/contract.js";
import { trySamples } from "../../../scanner-agent/rulesets/try-samples.js";
import { openRuleSession } from "../../../scanner-agent/runners/builtin/rule-session.js";
import type { HeldSample, SampleCache } from "../../../scanner-agent/samples/sample-cache.js";
import { SampleDamaged, SampleMissing } from "../../../scanner-agent/samples/sample-reader.js";
import { NEVER_ABORTED } from "../../../scanner-agent/within.js";
import { hashes } from "../hashes.js";

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "try-samples-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const BYTES = Buffer.from("a needle");

/** The processes that this one has started. */
function children(): number[] {
  const threads = readdirSync("/proc/self/task");
  const all = threads.map((thread) => readFileSync(`/proc/self/task/${thread}/children`, "utf8"));
  return all.flatMap((pids) => pids.split(" ").filter(Boolean).map(Number));
}

it("a sample that its process does not survive, or whose bytes do not come, is its own failure", async () => {
  const held: HeldSample = {
    bytes: BYTES,
    signatures: () => [],
    file: () => "",
    share: () => held,
    release: async () => undefined,
  };
  const before = children();
  const full = () => {
    throw new NoRoom("the disk is full");
  };
  /** One for each time that a sample is asked for. */
  const answers: (() => HeldSample)[] = [
    () => held,
    () => {
      for (const pid of children().filter((one) => !before.includes(one))) process.kill(-pid, "SIGKILL");
      return held;
    },
    () => {
      throw new SampleMissing("chunk 0 of the sample is missing");
    },
    () => {
      throw new SampleDamaged("chunk 0 of the sample was altered");
    },
    full,
    () => ({ ...held, bytes: undefined, file: full }),
    () => held,
  ];
  const cache: SampleCache = {
    hold: async () => (answers.shift() ?? full)(),
    largest: () => undefined,
    probe: async () => undefined,
  };
  const samples = Array.from({ length: 5 }, (_, at) => ({
    at,
    ...hashes(BYTES),
    size: BYTES.length,
    blob: "00000000-0000-4000-8000-000000000000",
  }));
  const host = { folder, programPath: "", fence: undefined, startContained: undefined, log: pino({ level: "silent" }) };
  const session = openRuleSession(host, [], NEVER_ABORTED);
  try {
    await session.ready();
    await session.compile([{ namespace: "a", text: 'rule Needle { strings: $a = "needle" condition: $a }' }]);
    session.keepCompiled();
    expect(await trySamples(session, cache, samples, NEVER_ABORTED)).toEqual([
      { at: 0, outcome: "MATCH", rules: ["Needle"], reason: null },
      { at: 1, outcome: "FAILED", rules: [], reason: expect.stringContaining("its process has ended") as string },
      { at: 2, outcome: "GONE", rules: [], reason: "its bytes are not stored any more" },
      { at: 3, outcome: "FAILED", rules: [], reason: "chunk 0 of the sample was altered" },
      { at: 4, outcome: "MATCH", rules: ["Needle"], reason: null },
    ]);
  } finally {
    await session.end();
  }
});
