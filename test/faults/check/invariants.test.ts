import { basename } from "node:path";
import { describe, expect, it } from "vitest";
import { files, importsOf } from "../../house/source.js";
import type { Evidence, Limits, ScanRow } from "./evidence.js";
import { check, INVARIANTS, recoveredAfter, type Invariant } from "./invariants.js";
import type { Entry } from "./journal.js";
import { availability } from "./answers.js";

const LIMITS: Limits = {
  ackWaitMs: 3_000,
  sweepMs: 1_000,
  wellWithinMs: 30_000,
  gatewayMb: 400,
  agentMb: 250,
  loopP99Ms: 100,
  noticeMs: 12_000,
  readShare: 1,
  uploadShare: 0,
  takesEveryUpload: true,
  losesBytes: false,
};

const [HEALTHY, INFECTED] = ["a".repeat(64), "b".repeat(64)];
const results = (verdict: string) => [
  { engine: "Canary", type: "AV", state: "DONE", verdict },
  { engine: "Hasher", type: "METADATA", state: "DONE", verdict: null },
];
const clean: ScanRow = { scan: 1, sha256: HEALTHY, deadline: 60_000, end: 2_000, verdict: "CLEAN", results: results("CLEAN") };
const found: ScanRow = {
  scan: 2,
  sha256: INFECTED,
  deadline: 60_000,
  end: 9_000,
  verdict: "INFECTED",
  results: results("INFECTED"),
};

/** Two uploads, one of them refused at first, in a round in which all went well. */
const JOURNAL: readonly Entry[] = [
  { kind: "phase", at: 0, phase: "before" },
  { kind: "sent", at: 1, key: "one", gateway: "g", sha256: HEALTHY, size: 1, infected: false, internet: false },
  { kind: "answered", at: 500, key: "one", gateway: "g", sentAt: 1, status: 200, scan: 1, retryAfter: false },
  { kind: "told", at: 2_000, connection: "g 1", scan: 1, revision: 4, final: true, verdict: "CLEAN" },
  { kind: "phase", at: 3_000, phase: "struck" },
  { kind: "ready", at: 3_500, gateway: "g", says: "ok" },
  { kind: "sent", at: 4_000, key: "two", gateway: "g", sha256: INFECTED, size: 1, infected: true, internet: true },
  { kind: "answered", at: 4_100, key: "two", gateway: "g", sentAt: 4_000, status: 503, scan: null, retryAfter: true },
  { kind: "read", at: 4_200, gateway: "g", status: 200, retryAfter: false },
  { kind: "answered", at: 5_000, key: "two", gateway: "g", sentAt: 4_900, status: 200, scan: 2, retryAfter: false },
  { kind: "usage", at: 5_500, part: "gateway", name: "g", residentMb: 200 },
  { kind: "usage", at: 5_500, part: "agent", name: "a", residentMb: 100 },
  { kind: "phase", at: 6_000, phase: "healed" },
  { kind: "told", at: 7_000, connection: "g 2", scan: 2, revision: 3, final: false, verdict: "INFECTED" },
  { kind: "told", at: 9_000, connection: "g 2", scan: 2, revision: 4, final: true, verdict: "INFECTED" },
  { kind: "phase", at: 10_000, phase: "well" },
  { kind: "loop", at: 10_000, gateway: "g", p99Ms: 20 },
];

const WELL: Evidence = {
  journal: JOURNAL,
  rows: [clean, found],
  reports: [clean, found],
  bytes: new Map([
    [HEALTHY, "same"],
    [INFECTED, "same"],
  ]),
  transitions: [
    { scan: 2, engine: "Canary", from: { state: "QUEUED", verdict: null }, to: { state: "SCANNING", verdict: null } },
    { scan: 2, engine: "Canary", from: { state: "SCANNING", verdict: null }, to: { state: "DONE", verdict: "INFECTED" } },
    { scan: 2, engine: null, from: { state: null, verdict: null }, to: { state: null, verdict: "INFECTED" } },
  ],
  orphans: [],
  leaked: [INFECTED],
  listeners: [{ subject: "live.scan", wanted: 2, found: 2 }],
  untold: [],
  findings: [],
};

const journalWith = (...more: readonly Entry[]): Partial<Evidence> => ({ journal: [...JOURNAL, ...more] });
const journalWithout = (drop: (entry: Entry) => boolean): Partial<Evidence> => ({
  journal: JOURNAL.filter((entry) => !drop(entry)),
});
const rowsWith = (changed: ScanRow): Partial<Evidence> => {
  const rows = [clean, found].map((row) => (row.scan === changed.scan ? changed : row));
  return { rows, reports: rows };
};
const answer = (
  sentAt: number,
  at: number,
  status: number | null,
  more: Partial<Extract<Entry, { kind: "answered" }>> = {},
): Entry => ({
  kind: "answered",
  at,
  key: "two",
  gateway: "g",
  sentAt,
  status,
  scan: null,
  retryAfter: true,
  ...more,
});

const saying = (says: string, ...times: readonly number[]): Entry[] =>
  times.map((at): Entry => ({ kind: "ready", at, gateway: "g", says }));

/** For each invariant what breaks it, and it alone. */
const TAMPERED: Readonly<
  Record<Invariant, readonly (readonly [what: string, change: Partial<Evidence>, limits?: Partial<Limits>])[]>
> = {
  liveness: [
    ["a scan that is still open", rowsWith({ ...found, end: null })],
    ["a scan that was final long after its deadline", rowsWith({ ...found, end: 60_000 + 6_000 + 1_000 + 5_001 })],
    ["a scan that the API alone reports as open", { reports: [clean, { ...found, end: null }] }],
  ],
  "exactly one": [
    ["two scans of one upload", { rows: [clean, found, { ...found, scan: 3 }] }],
    [
      "two ids for one idempotency key",
      {
        ...journalWith(answer(5_100, 5_200, 200, { scan: 3 })),
        rows: [clean, found, { ...clean, scan: 3, sha256: "c", verdict: "INCONCLUSIVE" }],
      },
    ],
    ["two results of one engine", rowsWith({ ...found, results: [...found.results, ...found.results.slice(0, 1)] })],
    ["an API that reports other results", { reports: [clean, { ...found, results: found.results.slice(0, 1) }] }],
    [
      "a connection that is told the end twice",
      journalWith({ kind: "told", at: 9_100, connection: "g 2", scan: 2, revision: 4, final: true, verdict: "INFECTED" }),
    ],
    ["a subscriber who is never told the end", { untold: [2] }],
  ],
  durability: [
    ["bytes that are gone", { bytes: new Map([[INFECTED, "same"]]) }],
    ["bytes that are others", { bytes: new Map(WELL.bytes).set(HEALTHY, "changed") }],
    [
      "bytes that are others, although some are lost",
      { bytes: new Map(WELL.bytes).set(HEALTHY, "changed") },
      { losesBytes: true },
    ],
    ["a scan that is gone", { rows: [clean] }],
  ],
  "no false clean": [
    ["an infected sample that is CLEAN", rowsWith({ ...found, verdict: "CLEAN", results: results("CLEAN") })],
    ["an infected sample that the API reports as CLEAN", { reports: [clean, { ...found, verdict: "CLEAN" }] }],
    ["CLEAN without an antivirus engine", rowsWith({ ...clean, results: clean.results.slice(1) })],
    [
      "CLEAN although an antivirus engine failed",
      rowsWith({ ...clean, results: [{ engine: "Canary", type: "AV", state: "FAILED", verdict: null }] }),
    ],
    [
      "an infected sample that was CLEAN for a time",
      {
        transitions: [
          { scan: 2, engine: null, from: { state: null, verdict: null }, to: { state: null, verdict: "CLEAN" } },
          ...WELL.transitions.slice(2).map((last) => ({ ...last, from: { state: null, verdict: "CLEAN" } })),
        ],
      },
    ],
    [
      "a subscriber who is told that an infected sample is CLEAN",
      journalWith({ kind: "told", at: 8_000, connection: "g 3", scan: 2, revision: 3, final: false, verdict: "CLEAN" }),
    ],
  ],
  "no leak": [["an isolated sample that the internet engine has seen", { leaked: [HEALTHY] }]],
  monotone: [
    [
      "a result that falls",
      {
        transitions: [
          ...WELL.transitions,
          { scan: 2, engine: "Canary", from: { state: "DONE", verdict: "INFECTED" }, to: { state: "FAILED", verdict: null } },
        ],
      },
    ],
    [
      "a verdict that falls",
      {
        transitions: [
          ...WELL.transitions,
          { scan: 2, engine: null, from: { state: null, verdict: "INFECTED" }, to: { state: null, verdict: "SUSPICIOUS" } },
        ],
      },
    ],
    [
      "a revision that goes back",
      journalWith({ kind: "told", at: 9_500, connection: "g 2", scan: 2, revision: 2, final: false, verdict: "INFECTED" }),
    ],
  ],
  "no orphans": [["what is left behind", { orphans: ["2 samples are left in the spool"] }]],
  bounded: [
    ["a gateway that takes too much memory", journalWith({ kind: "usage", at: 1, part: "gateway", name: "g", residentMb: 401 })],
    ["an agent that takes too much memory", journalWith({ kind: "usage", at: 1, part: "agent", name: "a", residentMb: 251 })],
    ["an event loop that is late", journalWith({ kind: "loop", at: 1, gateway: "g", p99Ms: 101 })],
  ],
  available: [
    ["an error of the mesh's own", journalWith(answer(5_100, 5_200, 500))],
    ["a refusal that does not say when to come back", journalWith(answer(5_100, 5_200, 503, { retryAfter: false }))],
    ["a read that is not answered", journalWith({ kind: "read", at: 5_100, gateway: "g", status: null, retryAfter: false })],
    ["an upload that is not answered", {}, { uploadShare: 1 }],
    [
      "a sample that nobody takes",
      journalWith({
        kind: "sent",
        at: 5_000,
        key: "three",
        gateway: "g",
        sha256: "d",
        size: 1,
        infected: false,
        internet: false,
      }),
    ],
  ],
  "true readiness": [
    [
      "ready, while no upload is taken",
      journalWith(answer(20_000, 35_000, null), answer(35_500, 50_000, null), ...saying("ok", 30_000, 43_000)),
    ],
    [
      "not ready, while every upload is taken",
      journalWith(
        answer(20_000, 20_100, 200, { scan: 2 }),
        answer(50_000, 50_100, 200, { scan: 2 }),
        ...saying("degraded", 30_000, 43_000),
      ),
    ],
  ],
  "well again": [
    ["a mesh that never recovers", journalWithout((entry) => entry.kind === "phase" && entry.phase === "well")],
    ["a mesh that recovers late", {}, { wellWithinMs: 3_999 }],
  ],
  "still listening": [["a subscription that has ended", { listeners: [{ subject: "live.scan", wanted: 2, found: 1 }] }]],
  "the case's own": [["what a case finds", { findings: ["no gateway came to outbox.after_commit"] }]],
};

describe("the checker", () => {
  it("finds nothing wrong with a round in which all went well", () => {
    expect(check(WELL, LIMITS)).toEqual([]);
    expect(recoveredAfter(WELL)).toBe(4);
    expect(availability(JOURNAL)).toEqual({ reads: 1, uploads: 0.5 });
  });

  it("forgives bytes that are missing where the fault destroys them", () => {
    expect(check({ ...WELL, bytes: new Map() }, { ...LIMITS, losesBytes: true })).toEqual([]);
  });

  it("gives readiness its time to notice", () => {
    const moment = journalWith(
      answer(20_000, 35_000, null),
      answer(35_500, 50_000, null),
      ...saying("ok", 20_000, 30_000),
      ...saying("degraded", 32_000),
      ...saying("ok", 34_000, 45_000),
    );
    expect(check({ ...WELL, ...moment }, LIMITS)).toEqual([]);
  });

  describe.each(INVARIANTS)("%s", (invariant) => {
    for (const [what, change, limits] of TAMPERED[invariant])
      it(`is broken by ${what}, and nothing else is`, () => {
        const broken = check({ ...WELL, ...change }, { ...LIMITS, ...limits }).map((violation) => violation.invariant);
        expect([...new Set(broken)]).toEqual([invariant]);
      });
  });

  it("knows nothing of the product", () => {
    const checker = files.filter((file) => file.startsWith("test/faults/check/") && !basename(file).includes(".test."));
    expect(checker.length).toBeGreaterThan(0);
    const ours = /^(schema|gateway|scanner-agent|standalone|cli|test)\//;
    const imported = checker.flatMap((file) => importsOf(file).filter(({ what }) => ours.test(what)));
    const foreign = imported.filter(({ what }) => !what.startsWith("test/faults/check/"));
    expect(imported.length).toBeGreaterThan(0);
    expect(foreign).toEqual([]);
  });
});
