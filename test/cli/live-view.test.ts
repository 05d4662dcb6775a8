import { stripVTControlCharacters } from "node:util";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import stringWidth from "string-width";
import { createLiveView } from "../../cli/live-view.js";
import type { EngineResult, Report } from "../../cli/report.js";
import { createPlainView, describeAdvice, describeCount } from "../../cli/view.js";

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
    causeText: null,
    stale: false,
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
    proof: { detectedBy: [], cleanBy: [], antivirusAsked: true, barriers: [], absent: [], text: "", advice: null },
    stale: false,
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
    "a.exe: INFECTED (1 of 2 engines detect it, 1 done, 1 did not finish; scan 7)",
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

it("gives wide characters the columns that they take", () => {
  const screen = createScreen(40, 8);
  const view = createLiveView(screen);
  const names = [
    "\u6f22".repeat(45),
    "\u{1f468}\u200d\u{1f469}\u200d\u{1f467}".repeat(30),
    "e\u0301".repeat(60),
    "\uff21".repeat(19),
  ];
  for (const name of names) view.progress(name, report([result("A", { state: "FAILED", error: "\u6f22".repeat(40) })]));
  vi.runAllTimers();
  expect(screen.lines()).toHaveLength(4);
  for (const line of screen.lines()) expect(stringWidth(line)).toBeLessThan(40);
  expect(screen.lines()[0]).toBe(`${"\u6f22".repeat(19)}\u2026`);
  expect(screen.lines()[2]).toBe(`${"e\u0301".repeat(38)}\u2026`);
  view.close();
  expect(screen.lines()).toEqual([]);
});

it("writes no colours where they are not wanted", () => {
  const written: string[] = [];
  const view = createLiveView({ columns: 100, rows: 10, write: (text) => written.push(text) > 0 }, { colours: false });
  view.finished({ file: "a", report: report([result("A", { state: "FAILED" })], { verdict: "CLEAN" }) });
  expect(written.join("")).not.toMatch(/\u001b\[\d*m/);
});

it("counts the files of folders below the table", () => {
  const screen = createScreen(60, 6);
  const view = createLiveView(screen, { total: 3 });
  view.finished({ file: "a", error: "is not there" });
  for (const name of ["b", "c"]) view.progress(name, report([result("A"), result("B"), result("C")]));
  vi.runAllTimers();
  expect(screen.lines()).toEqual(["a: is not there", "b  scan 7  0 of 3", "c  scan 7  0 of 3", "1 of 3 files"]);
});

it.each([
  ["rlo-\u202efdp.exe", "rlo-<U+202E>fdp.exe"],
  ["a\u200bb\u2028c\u{e0041}d\u2066e\ufefff", "a<U+200B>b<U+2028>c<U+E0041>d<U+2066>e<U+FEFF>f"],
  ["a\nb\tc\rd\u0007", "a<U+000A>b<U+0009>c<U+000D>d<U+0007>"],
])("shows what is hidden in names, signatures and errors: %j", (text, shown) => {
  const found = report([result("A", { state: "DONE", signature: text })], {
    verdict: "INCONCLUSIVE",
    proof: {
      detectedBy: [],
      cleanBy: [],
      antivirusAsked: true,
      barriers: [],
      absent: [],
      text: `INCONCLUSIVE: A failed (${text})`,
      advice: null,
    },
  });
  const lines: string[] = [];
  const view = createPlainView((line) => void lines.push(line));
  view.progress(text, found);
  view.finished({ file: text, report: found });
  view.finished({ file: text, error: text });
  expect(lines).toHaveLength(4);
  for (const line of lines) expect(line).toContain(shown);
  expect(lines.join("").includes(text)).toBe(false);
});

it("tells of engines that did not finish, and in a word what one has not looked into", () => {
  const found = report(
    [
      result("A", { state: "FAILED", error: "exit status 2" }),
      result("Yara", { state: "DONE", cause: "UNSUPPORTED_TYPE", causeText: "looked at the file itself" }),
    ],
    { verdict: "INFECTED", done: 2, total: 2, detections: 0 },
  );
  const lines: string[] = [];
  const view = createPlainView((line) => void lines.push(line));
  view.progress("f", found);
  view.finished({ file: "f", report: found });
  expect(lines).toContain("f: Yara done  looked at the file itself");
  expect(lines.at(-1)).toBe("f: INFECTED (0 of 2 engines detect it, 1 done, 1 did not finish; scan 7)");
});

it("says once for all files what to do about them", () => {
  const advised = (verdict: Report["verdict"], advice: string | null) => {
    const found = report([], { verdict });
    return { file: "f", report: { ...found, proof: { ...found.proof, advice } } };
  };
  const outcomes = [advised("INFECTED", "Do not open it."), advised("CLEAN", null), advised("INFECTED", "Do not open it.")];
  expect(describeAdvice(outcomes)).toEqual(["INFECTED: Do not open it."]);
});

it("a count names each outcome", () => {
  const outcomes = [
    { file: "a", report: report([], { verdict: "CLEAN" }) },
    { file: "b", error: "e" },
  ];
  expect(describeCount(outcomes, 0)).toBe("2 files: 1 CLEAN, 1 not scanned");
  expect(describeCount(outcomes.slice(1), 0)).toBe("1 file: 1 not scanned");
  expect(describeCount([], 1)).toBe(
    "0 files: nothing was scanned; 1 link to a folder or to nothing, pipe, socket or device was passed over",
  );
});
