/** What a mesh has after a week, beside the history of the tests: more engines, all kinds of files, an agent that is gone. */

import type { ResultMessage } from "../../schema/messages.js";
import { engine, startPuppet, type PuppetAgent } from "../stage/puppet-agent.js";
import { until, type Stage } from "../stage/stage.js";
import { data } from "../gateway/http/http-client.js";
import { submit } from "../gateway/scan/submitting.js";

type Answer = Partial<ResultMessage>;

const today = () => new Date(Date.now() - 5 * 3_600_000).toISOString();
const versions = (program: string, signatures: string) => ({ engine: program, signatures, signatureDate: today() });

const MORE_ENGINES = [
  engine("Comodo", { speed: "FAST", slots: 2, versions: versions("1.1.268025", "37912") }),
  engine("DrWeb", { speed: "FAST", slots: 2, busy: 1, versions: versions("11.1.14", "7.0.68") }),
  engine("Yara", { type: "METADATA", slots: 4, versions: { engine: "1.20.0", signatures: "612 rules", signatureDate: null } }),
  engine("FileInfo", { type: "FILE_FORMATS", slots: 4 }),
];
const INTERNET_ENGINES = [engine("NSRL", { type: "INTEL", internet: true, input: "hash" })];

const found = (signature: string): Answer => ({ verdict: "INFECTED", signature, durationMs: 212 });
const YARA_MATCH: Answer = {
  ...found("Dropper_PowerShell"),
  details: {
    yara: {
      matches: [
        {
          rule: "Dropper_PowerShell",
          namespace: "office",
          tags: ["dropper", "office"],
          meta: { author: "mail team", description: "A macro that starts PowerShell", verdict: "infected" },
          strings: [
            { name: "$start", offset: 1_204, length: 14 },
            { name: "$encoded", offset: 1_260, length: 88 },
          ],
        },
        { rule: "AutoOpen", namespace: "office", tags: ["macro"], meta: { verdict: "suspicious" }, strings: [] },
      ],
    },
  },
};
const FILE_INFO: Answer = {
  durationMs: 48,
  details: {
    magic: { mime: "application/vnd.microsoft.portable-executable", description: "PE32+ executable for MS Windows, x86-64" },
    entropy: 7.21,
    size: 184_320,
    ssdeep: "3072:kB9wZx2tYp1vQ8Fh4nS7mJcR:kB9wZE",
    trid: [
      { name: "Win64 Executable", percent: 61.7 },
      { name: "OS/2 Executable", percent: 9.4 },
    ],
    exiftool: { FileType: "Win64 EXE", MachineType: "AMD AMD64", TimeStamp: "2026:04:02 09:11:45", Subsystem: "Windows GUI" },
    pe: {
      sections: [
        { name: ".text", address: "0x1000", size: 98_304, entropy: 6.4 },
        { name: ".rsrc", address: "0x1a000", size: 77_824, entropy: 7.9 },
      ],
      imports: ["KERNEL32.dll", "WININET.dll", "ADVAPI32.dll"],
    },
  },
};
const CLEAN: Answer = { verdict: "CLEAN", durationMs: 34 };
const FAILED: Answer = { state: "FAILED", error: "the program ended with status 2: cannot open the database" };
const UNSCANNED: Answer = { state: "UNSCANNED", error: "letters.zip/secret.docx is encrypted" };

interface File {
  readonly name: string;
  /** What it begins with, which tells its type. */
  readonly head: string;
  readonly kib: number;
  /** What engines say instead of CLEAN. */
  readonly answers?: Record<string, Answer>;
}

const PE = `MZ${"\0".repeat(58)}\x40\0\0\0PE\0\0`;
const FILES: readonly File[] = [
  {
    name: "Offer 2026-04.docm",
    head: "PK\x03\x04",
    kib: 41,
    answers: { ClamAV: found("Doc.Dropper.Agent-9954"), Yara: YARA_MATCH },
  },
  { name: "report-q1.pdf", head: "%PDF-1.7\n", kib: 18 },
  { name: "team photo.png", head: "\x89PNG\r\n\x1a\n\0\0\0\rIHDR", kib: 64 },
  { name: "letters.zip", head: "PK\x03\x04", kib: 33, answers: { ClamAV: UNSCANNED, Comodo: UNSCANNED, DrWeb: UNSCANNED } },
  { name: "viewer-setup.exe", head: PE, kib: 90, answers: { "YARA-X": { verdict: "SUSPICIOUS", signature: "Packed_UPX" } } },
  { name: "minutes.txt", head: "Minutes of the meeting\n", kib: 2 },
  { name: "driver-update.exe", head: PE, kib: 88, answers: { Comodo: FAILED } },
  {
    name: "invoice-2026-04.exe",
    head: PE,
    kib: 96,
    answers: {
      ClamAV: found("Win.Trojan.Emotet-9952"),
      Comodo: FAILED,
      "YARA-X": found("Emotet_Loader"),
      Yara: YARA_MATCH,
    },
  },
];

/** What the engines say of a file that has nothing. */
const USUAL: Record<string, Answer> = {
  ClamAV: CLEAN,
  "YARA-X": { durationMs: 12, verdict: "CLEAN" },
  FileType: { durationMs: 3 },
  Comodo: { ...CLEAN, durationMs: 410 },
  DrWeb: { ...CLEAN, durationMs: 275 },
  Yara: { durationMs: 21, details: { yara: { matches: [] } } },
  FileInfo: FILE_INFO,
};

export interface Week {
  /** The report in which most is found. */
  readonly most: number;
  /** One that is at work. */
  readonly running: number;
  close(): Promise<void>;
}

/** Lets agents join the one that has played the history, and scans the files. */
export async function playWeek(stage: Stage, url: string, first: PuppetAgent): Promise<Week> {
  const second = await startPuppet(stage, "scanner-2", MORE_ENGINES);
  const internet = await startPuppet(stage, "scanner-3", INTERNET_ENGINES, "internet");
  const scans: number[] = [];
  for (const { name, head, kib, answers } of FILES) {
    const bytes = Buffer.concat([Buffer.from(head, "latin1"), Buffer.from(name), Buffer.alloc(kib * 1_024)]);
    const { scan } = await submit(url, { base64: bytes.toString("base64"), name });
    scans.push(scan.scanId);
    const agentOf = (one: string) => (MORE_ENGINES.some((engineOf) => engineOf.name === one) ? second : first);
    for (const [one, usual] of Object.entries(USUAL))
      await agentOf(one).answer(one, { scan: scan.scanId, ...(answers?.[one] ?? usual) });
  }
  await until("the scans have ended", async () => {
    const { scans: page } = await data<{ scans: { nodes: { endDate: string | null }[] } }>(
      url,
      "{ scans(first: 8) { nodes { endDate } } }",
    );
    return page.nodes.every(({ endDate }) => endDate !== null);
  });
  // Two that are at work.
  let running = 0;
  for (const [name, done] of [
    ["handbook.pdf", ["ClamAV", "FileType", "Yara"]],
    ["invoice-5120.pdf", ["FileType"]],
  ] as const) {
    const { scan } = await submit(url, {
      base64: Buffer.from(`%PDF-1.7\n${name}${" ".repeat(40_000)}`).toString("base64"),
      name,
    });
    running = scan.scanId;
    for (const one of done) await (one === "Yara" ? second : first).answer(one, { scan: scan.scanId, ...USUAL[one] });
    await first.answer("YARA-X", { scan: scan.scanId, state: "SCANNING" });
  }
  await internet.leave();
  await internet.close();
  return { most: scans.at(-1) ?? 0, running, close: () => second.close() };
}
