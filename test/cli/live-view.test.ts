import { stripVTControlCharacters } from "node:util";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createLiveView } from "../../cli/live-view.js";
import type { EngineResult, Report } from "../../cli/report.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function result(engine: string, rest: Partial<EngineResult> = {}): EngineResult {
  const versions = { engine: null, signatures: null, signatureDate: null };
  return {
    engine,
    state: "QUEUED",
    verdict: null,
    signature: null,
    error: null,
    cause: null,
    durationMs: null,
    agent: null,
    details: null,
    versions,
    ...rest,
  };
}

function report(results: EngineResult[], rest: Partial<Report> = {}): Report {
  return {
    scanId: 7,
    name: "a",
    verdict: null,
    startDate: "",
    endDate: null,
    deadline: "",
    done: 0,
    total: results.length,
    detections: 0,
    sample: { sha256: "", sha1: "", md5: "", size: 0, mime: "" },
    skipped: [],
    proof: { detectedBy: [], cleanBy: [], antivirusAsked: true, barriers: [], absent: [] },
    results,
    ...rest,
  };
}

/** A terminal that does what the view's few escape sequences say. */
function createScreen(columns = 60, rows = 10) {
  const screen: string[] = [""];
  let row = 0;
  return {
    columns,
    rows,
    lines: () => screen.filter((line) => line !== ""),
    write(text: string) {
      for (const [token] of text.matchAll(/\u001b\[(\d+)A|\u001b\[0J|\u001b\[\?25[lh]|\u001b\[\d+m|\r|\n|[^\u001b\r\n]+/g)) {
        const up = /\[(\d+)A/.exec(token)?.[1];
        if (up !== undefined) row -= Number(up);
        else if (token === "\u001b[0J") screen.splice(row, screen.length, "");
        else if (token === "\n") screen[(row += 1)] ??= "";
        else if (!token.startsWith("\u001b") && token !== "\r") screen[row] += token;
      }
      return true;
    },
  };
}

it("draws over what it drew, and leaves what is final above", () => {
  const screen = createScreen();
  const view = createLiveView(screen);
  view.sending("a.exe");
  vi.runAllTimers();
  expect(screen.lines()).toEqual(["a.exe  sending"]);
  view.progress("a.exe", report([result("ClamAV", { state: "SCANNING" }), result("Yara")]));
  view.sending("b.exe");
  vi.runAllTimers();
  expect(screen.lines()).toEqual([
    "a.exe  scan 7  0 of 2",
    "  ClamAV             scanning",
    "  Yara               queued",
    "b.exe  sending",
  ]);
  const deadline = new Date(new Date().setHours(12, 5, 9)).toISOString();
  view.waiting(
    "a.exe",
    report([result("ClamAV", { state: "SCANNING" }), result("Yara", { state: "DONE" })], { done: 1, deadline }),
  );
  vi.runAllTimers();
  expect(screen.lines()[0]).toBe("a.exe  scan 7  1 of 2  waits for ClamAV until 12:05:09 at the latest".slice(0, 58) + "…");
  const done = report(
    [
      result("ClamAV", { state: "DONE", verdict: "INFECTED", signature: "Eicar", durationMs: 3 }),
      result("Yara", { state: "FAILED", error: "exit 2" }),
    ],
    {
      verdict: "INFECTED",
      done: 2,
      detections: 1,
    },
  );
  view.finished({ file: "a.exe", report: done });
  expect(screen.lines()).toEqual([
    "  ClamAV       3 ms  infected  Eicar",
    "  Yara               failed  exit 2",
    "a.exe: INFECTED (1 of 2 engines detect it, 2 done; scan 7)",
    "b.exe  sending",
  ]);
  view.finished({ file: "b.exe", error: "there is no room" });
  view.close();
  expect(screen.lines().at(-1)).toBe("b.exe: there is no room");
});

it("never draws more lines than the terminal has, nor longer ones", () => {
  const screen = createScreen(30, 5);
  const view = createLiveView(screen);
  for (let i = 0; i < 4; i += 1) view.progress(`${i}-${"x".repeat(40)}`, report([result("A"), result("B"), result("C")]));
  vi.runAllTimers();
  expect(screen.lines()).toHaveLength(4);
  for (const line of screen.lines()) expect(stripVTControlCharacters(line).length).toBeLessThan(30);
  view.close();
  expect(screen.lines()).toEqual([]);
});

it("passes no control characters of names and signatures on to the terminal", () => {
  const written: string[] = [];
  const view = createLiveView({ columns: 100, rows: 10, write: (text) => written.push(text) > 0 });
  view.finished({
    file: "a\u001b]0;title\u0007",
    report: report([result("A", { state: "DONE", signature: "\u001b[2J" })], { verdict: "CLEAN" }),
  });
  expect(written.join("")).not.toMatch(/\u001b\]|\u0007|\u001b\[2J/);
});
