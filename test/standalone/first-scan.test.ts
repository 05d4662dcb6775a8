import { Writable } from "node:stream";
import { expect, test } from "vitest";
import type { FirstResult, FirstScan } from "../../standalone/first-scan.js";
import { createProgress } from "../../standalone/progress.mjs";
import { describeFirstScan, foundEicar } from "../../standalone/summary.js";

const DONE: FirstResult = { engine: "FileInfo", state: "DONE", verdict: null, signature: null, error: null, durationMs: 1 };
const FAILED: FirstResult = { ...DONE, engine: "Yara", state: "FAILED", error: "out of memory" };

async function lineOf(scan: Pick<FirstScan, "verdict" | "results">): Promise<string> {
  let text = "";
  const stream = new Writable({ write: (chunk, _, done) => ((text += String(chunk)), done()) });
  const work = async () => ({ scanId: 1, endDate: null, ...scan });
  await createProgress(stream as never).step("First scan", work, describeFirstScan, foundEicar);
  return text.replace(/\d+\.\d s/, "0.7 s");
}

test("the line of the first scan is ticked off where EICAR is found, and says why where it is not", async () => {
  expect(await lineOf({ verdict: "INFECTED", results: [DONE] })).toMatch(/^✓ First scan +0\.7 s {2}EICAR is INFECTED\n$/);
  expect(await lineOf({ verdict: "INCONCLUSIVE", results: [DONE] })).toMatch(
    /^! First scan +0\.7 s {2}EICAR is INCONCLUSIVE: no engine found it INFECTED \(asked: FileInfo\)\n$/,
  );
  expect(await lineOf({ verdict: "INCONCLUSIVE", results: [DONE, FAILED] })).toMatch(
    /EICAR is INCONCLUSIVE: Yara FAILED \(out of memory\); no engine found it INFECTED \(asked: FileInfo, Yara\)\n$/,
  );
});
