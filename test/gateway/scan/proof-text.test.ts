/** The sentence that says why a scan has its verdict. */

import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { proveVerdict } from "../../../gateway/scan/proof.js";
import type { ResultRecord, ScanReport } from "../../../schema/reports.js";
import { ResultCause, ResultState } from "../../../schema/states.js";
import { EICAR } from "../../scanner-agent/eicar.js";
import { DONE, SCAN } from "../rest/records.js";

const av = (engine: string, more: Partial<ResultRecord> = {}): ResultRecord => ({ ...DONE, engine, ...more });
const other = (engine: string, more: Partial<ResultRecord> = {}): ResultRecord =>
  av(engine, { type: "METADATA", verdict: null, ...more });
const notDone = (state: ResultState, cause: ResultCause | null = null, error: string | null = null) =>
  ({ state, cause, error, verdict: null }) as const;
const found = (signature: string | null) => ({ verdict: "INFECTED", signature }) as const;

function textOf(verdict: ScanReport["verdict"], results: readonly ResultRecord[], more: Partial<ScanReport> = {}): string {
  return proveVerdict({ ...SCAN, skipped: [], endDate: new Date(), verdict, ...more }, results).text;
}

it.each<[text: string, verdict: ScanReport["verdict"], results: ResultRecord[]]>([
  ["CLEAN: A, the only antivirus engine asked, scanned the whole sample and found nothing", "CLEAN", [av("A"), other("Yara")]],
  ["CLEAN: both antivirus engines scanned the whole sample and found nothing", "CLEAN", [av("A"), av("B")]],
  [
    "CLEAN: all 4 antivirus engines scanned the whole sample and found nothing",
    "CLEAN",
    [av("A"), av("B"), av("C"), av("D"), other("Facts", notDone("FAILED", "ENGINE_ERROR"))],
  ],
  ["INFECTED: A found Eicar", "INFECTED", [av("A", found("Eicar"))]],
  [
    "INFECTED: 3 of 4 antivirus engines found Eicar (A), something (B) and EICAR-Test (C)",
    "INFECTED",
    [av("A", found("Eicar")), av("B", found(null)), av("C", found("EICAR-Test")), av("D")],
  ],
  [
    "INFECTED: 1 of 2 antivirus engines found Eicar (A); Yara found eicar_rule",
    "INFECTED",
    [av("A", found("Eicar")), av("B", notDone("FAILED")), other("Yara", found("eicar_rule"))],
  ],
  ["INFECTED: Yara says INFECTED", "INFECTED", [av("A"), other("Yara", found(null))]],
  ["SUSPICIOUS: A found packed", "SUSPICIOUS", [av("A", { verdict: "SUSPICIOUS", signature: "packed" })]],
  ["INCONCLUSIVE: no antivirus engine took part, so nobody knows whether it is harmful", "INCONCLUSIVE", [other("Yara")]],
  [
    "INCONCLUSIVE: Facts could not look into what is encrypted (encrypted: a.docx); " +
      "no antivirus engine took part, so nobody knows whether it is harmful",
    "INCONCLUSIVE",
    [other("Yara"), other("Facts", notDone("UNSCANNED", "ENCRYPTED", "encrypted: a.docx"))],
  ],
  [
    "INCONCLUSIVE: Yara looked at the file itself, not into it: it is encrypted; " +
      "no antivirus engine took part, so nobody knows whether it is harmful",
    "INCONCLUSIVE",
    [other("Yara", { cause: "ENCRYPTED" }), other("Facts")],
  ],
  [
    "INCONCLUSIVE: Yara looked at the file itself, not into what is packed in it; " +
      "no antivirus engine took part, so nobody knows whether it is harmful",
    "INCONCLUSIVE",
    [other("Yara", { cause: "UNSUPPORTED_TYPE" })],
  ],
  ["INCONCLUSIVE: not every antivirus engine scanned the whole sample", "INCONCLUSIVE", [av("A")]],
  [
    "INCONCLUSIVE: ClamAV could not look into what is encrypted (encrypted: a.docx (zip))",
    "INCONCLUSIVE",
    [av("ClamAV", notDone("UNSCANNED", "ENCRYPTED", "encrypted: a.docx (zip)")), av("B")],
  ],
  [
    "INCONCLUSIVE: A did not answer in time; Yara failed (exit status 2)",
    "INCONCLUSIVE",
    [av("A", notDone("TIMEOUT")), other("Yara", { ...notDone("FAILED", null, "exit status 2"), barsClean: true })],
  ],
])("%s", (text, verdict, results) => {
  expect(textOf(verdict, results)).toBe(text);
});

it("names a broken antivirus engine that was left out", () => {
  const skipped = [{ engine: "B", reason: "UNHEALTHY", barsClean: true }] as const;
  expect(textOf("INCONCLUSIVE", [av("A")], { skipped })).toBe("INCONCLUSIVE: B was left out because it is broken");
});

it("tells of an open scan what it waits for, and what is certain already", () => {
  const open = { endDate: null };
  const waits = [av("A", notDone("QUEUED")), av("B", { ...notDone("SCANNING"), agent: "host-1" })];
  expect(textOf(null, [...waits, other("Yara", { ...notDone("SCANNING"), agent: null })], open)).toBe(
    "No verdict yet: still waiting for A (queued), B (scanning on host-1) and Yara (scanning)",
  );
  expect(textOf(null, [...waits, av("C", notDone("FAILED", "ENGINE_ERROR", "exit status 2"))], open)).toBe(
    "No verdict yet: still waiting for A (queued) and B (scanning on host-1); it cannot be CLEAN: C failed (exit status 2)",
  );
  expect(textOf(null, [av("A", { ...notDone("QUEUED"), fault: "clamd is gone" }), av("B")], open)).toBe(
    "No verdict yet: still waiting for A (queued; it works on no agent that has it: clamd is gone)",
  );
  expect(textOf("INFECTED", [...waits, av("C", found("Eicar"))], open)).toBe(
    "INFECTED: 1 of 3 antivirus engines found Eicar (C); still waiting for A (queued) and B (scanning on host-1)",
  );
});

it("has something to say of each cause and each state that bars CLEAN, and of none the same", () => {
  const causes = Object.values(ResultCause).map((cause) => textOf("INCONCLUSIVE", [av("A", notDone("UNSCANNED", cause))]));
  const states = Object.values(ResultState)
    .filter((state) => state !== "QUEUED" && state !== "SCANNING" && state !== "FAILED")
    .map((state) => textOf("INCONCLUSIVE", [av("A", notDone(state))]));
  const all = [...causes, ...states];
  expect(new Set(all).size).toBe(all.length);
  for (const text of all) expect(text).toMatch(/^INCONCLUSIVE: A [a-z]/);
});

it("stays a sentence with a hundred engines and endless words", () => {
  const many = Array.from({ length: 100 }, (_, i) => av(`Engine-${i}`, notDone("FAILED", "ENGINE_ERROR", "x".repeat(10_000))));
  const text = textOf("INCONCLUSIVE", many);
  expect(text.length).toBeLessThan(1_500);
  expect(text).toMatch(/; 95 more$/);
  const infected = textOf(
    "INFECTED",
    many.map(({ engine }) => av(engine, found("💥".repeat(5_000)))),
  );
  expect([...infected].length).toBeLessThan(1_500);
  expect(infected).not.toMatch(/\p{Surrogate}/u);
});

it.each<[advice: string | null, verdict: ScanReport["verdict"], results: ResultRecord[], more?: Partial<ScanReport>]>([
  [null, "CLEAN", [av("A")]],
  [null, null, [av("A", notDone("QUEUED"))], { endDate: null }],
  ["Do not open it.", "INFECTED", [av("A", found("Bad"))]],
  ["Do not open it.", "INFECTED", [av("A", found("Bad")), av("B", notDone("QUEUED"))], { endDate: null }],
  ["Do not open it unless you know for certain what it is.", "SUSPICIOUS", [av("A", { verdict: "SUSPICIOUS" })]],
  ["We do not know whether it is harmful: do not open it.", "INCONCLUSIVE", [av("A", notDone("FAILED"))]],
  [
    "We do not know whether it is harmful: do not open it. Add an antivirus engine such as ClamAV, and scan it again.",
    "INCONCLUSIVE",
    [other("Yara")],
  ],
  [
    "We do not know whether it is harmful: do not open it. " +
      "It is encrypted: unpack it with its password, without opening what comes out, and scan that.",
    "INCONCLUSIVE",
    [other("Yara", { cause: "ENCRYPTED" })],
  ],
  [
    "We do not know whether it is harmful: do not open it. Add an antivirus engine such as ClamAV, and scan it again, " +
      "or unpack it, without opening what comes out, and scan that.",
    "INCONCLUSIVE",
    [other("Yara", { cause: "UNSUPPORTED_TYPE" })],
  ],
  [
    "This is only the EICAR test file: it is harmless, and engines report it to show that they work.",
    "INFECTED",
    [av("A", found("Eicar"))],
    { sample: { ...SCAN.sample, sha256: createHash("sha256").update(EICAR).digest("hex") } },
  ],
])("advises %s", (advice, verdict, results, more = {}) => {
  expect(proveVerdict({ ...SCAN, skipped: [], endDate: new Date(), verdict, ...more }, results).advice).toBe(advice);
});
