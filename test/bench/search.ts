/** SEARCH: what looking for signatures takes of the agent's processor while a sample is fetched; and how long an inspection takes. */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { createSearch, searchAll } from "../../scanner-agent/inspect/formats/search.js";
import { createInspector, type Inspector } from "../../scanner-agent/inspect/inspector.js";
import { docx, plainPdf } from "../scanner-agent/inspect/documents.js";
import { zipOf } from "../scanner-agent/inspect/hand-made.js";
import { CHUNK_BYTES } from "../../schema/streams.js";
import type { Benchmark } from "./bench.js";
import { metric } from "./metric.js";
import { randomOf } from "./random.js";
import { figureOf, median } from "./statistics.js";

const MEBIBYTES = 64;
/** As many as the metric says. */
const INSPECTIONS = 500;

export const search: Benchmark = async ({ rounds, seed, progress, scaled }) => {
  const bytes = scaled(MEBIBYTES, 4) * 1024 * 1024;
  const kinds = {
    random: randomBytes(bytes, seed),
    text: Buffer.alloc(bytes, prose(seed)),
    program: Buffer.alloc(bytes, readFileSync(process.execPath)),
  };
  const found = Object.keys(kinds).map((kind) => ({ kind, perMB: [] as number[] }));
  const waits: number[] = [];
  const folder = await mkdtemp(join(tmpdir(), "scanmesh-bench-inspect-"));
  const inspector = createInspector({
    folder,
    programPath: process.env["PATH"] ?? "",
    opens: [],
    log: pino({ level: "silent" }),
  });
  const round = (label: string) =>
    progress.measure(
      `SEARCH  ${label}`,
      async () => ({
        perMB: Object.values(kinds).map(costPerMB),
        wait: await inspectionMs(inspector, folder, scaled(INSPECTIONS, 5)),
      }),
      ({ perMB, wait }) => `${perMB.map((ms) => ms.toFixed(2)).join(", ")} CPU-ms/MB; ${wait.toFixed(1)} ms`,
    );
  try {
    await round("warm-up");
    for (let n = 1; n <= rounds; n++) {
      const { perMB, wait } = await round(`round ${n} of ${rounds}`);
      for (const [i, one] of found.entries()) one.perMB.push(perMB[i] ?? 0);
      waits.push(wait);
    }
    return [
      ...found.map(({ kind, perMB }) =>
        metric({
          id: `SEARCH.${kind}`,
          about: `search for signatures in ${kind} bytes`,
          unit: "CPU-ms/MB",
          figure: figureOf(perMB),
        }),
      ),
      metric({
        id: "SEARCH.inspection",
        about: "inspection of a zip, docx or PDF file, median of 500, the process being there",
        unit: "ms",
        figure: figureOf(waits),
      }),
    ];
  } finally {
    await inspector.stop();
    await rm(folder, { recursive: true, force: true });
  }
};

function costPerMB(bytes: Buffer): number {
  const before = process.cpuUsage();
  const one = createSearch();
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) one.read(bytes.subarray(at, at + CHUNK_BYTES));
  one.signatures();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / (bytes.length / 1e6);
}

let samples = 0;

/** The median of looking into so many files, a third of each kind and no two the same. */
async function inspectionMs(inspector: Inspector, folder: string, times: number): Promise<number> {
  const kinds = [
    (words: Buffer) => zipOf([{ name: "words.txt", content: words }]),
    (words: Buffer) => docx("word/notes.xml", words),
    (words: Buffer) => Buffer.concat([plainPdf(), words]),
  ];
  const spent: number[] = [];
  for (let n = 0; n < times; n++) {
    const bytes = kinds[n % kinds.length]?.(Buffer.from(`words of sample ${++samples}\n`.repeat(100))) ?? Buffer.alloc(0);
    const path = join(folder, "sample");
    await writeFile(path, bytes);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const begun = performance.now();
    await inspector.inspect({ path, sha256, signatures: searchAll([bytes]) });
    spent.push(performance.now() - begun);
  }
  return median(spent);
}

function randomBytes(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length);
  randomOf(seed, 0x5ea).fill(bytes);
  return bytes;
}

function prose(seed: number): string {
  const random = randomOf(seed, 0x7e8);
  const word = () =>
    Array.from({ length: 2 + (random.uint32() % 8) }, () => String.fromCharCode(97 + (random.uint32() % 26))).join("");
  return Array.from({ length: 100_000 }, word).join(" ");
}
