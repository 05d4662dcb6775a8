/** A mesh's history from a seed: engines, and what they said of how many samples. The same numbers give the same history. */

import type { EngineSpeed, PluginType } from "../../schema/classes.js";
import { randomOf, type Random } from "./random.js";

export interface History {
  readonly scans: number;
  readonly seed: number;
  /** When the newest scan was accepted; the others are spread evenly over the time before. */
  readonly newest: Date;
}

const DAYS = 90;
const DAY_MS = 86_400_000;
/** Of 10 scans 6 are of a sample that was not there before. */
const NEW_SAMPLES = 0.6;

type EngineFacts = readonly [name: string, type: PluginType, speed: EngineSpeed, internet: boolean, style: string];

/** The engines, every one of which takes part in every scan. */
export const ENGINES: readonly EngineFacts[] = [
  ["ClamAV", "AV", "ULTRA", false, "Win.Trojan.%-"],
  ["Avast", "AV", "FAST", false, "Win32:%-"],
  ["AVG", "AV", "FAST", false, "Win32/%."],
  ["Avira", "AV", "FAST", false, "TR/%."],
  ["BitDefender", "AV", "FAST", false, "Gen:Variant.%."],
  ["Comodo", "AV", "FAST", false, "Malware@#%"],
  ["DrWeb", "AV", "MEDIUM", false, "Trojan.%."],
  ["EScan", "AV", "MEDIUM", false, "Trojan.%."],
  ["FSecure", "AV", "MEDIUM", false, "Trojan:W32/%."],
  ["Kaspersky", "AV", "MEDIUM", false, "HEUR:Trojan.Win32.%."],
  ["McAfee", "AV", "MEDIUM", false, "%!"],
  ["Sophos", "AV", "FAST", false, "Mal/%-"],
  ["FileInfo", "METADATA", "ULTRA", false, ""],
  ["Yara", "METADATA", "ULTRA", false, ""],
  ["ExifTool", "METADATA", "FAST", false, ""],
  ["Floss", "METADATA", "SLOW", false, ""],
  ["VirusTotal", "INTEL", "FAST", true, ""],
  ["NSRL", "INTEL", "ULTRA", false, ""],
  ["PDFiD", "FILE_FORMATS", "FAST", false, ""],
  ["OleVBA", "FILE_FORMATS", "FAST", false, ""],
];

const FAMILIES = (
  "Emotet Agent Qakbot Zbot Ursnif Trickbot Dridex Formbook Remcos Redline Lokibot NanoCore AsyncRAT Raccoon Vidar " +
  "IcedID Gozi Ramnit Sality Virut WannaCry LockBit Conti Ryuk REvil Cerber Locky Petya Stuxnet Duqu"
).split(" ");
const WORDS = "invoice report setup update photo contract scan budget order holiday resume driver installer backup".split(" ");

type Type = readonly [share: number, mime: string, extension: string];
const TYPES: readonly Type[] = [
  [0.45, "application/x-dosexec", "exe"],
  [0.17, "application/pdf", "pdf"],
  [0.11, "application/zip", "zip"],
  [0.1, "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"],
  [0.08, "text/html", "html"],
  [0.05, "text/plain", "js"],
  [0.03, "application/x-elf", "bin"],
  [0.009, "application/x-rar-compressed", "rar"],
  [0.0009, "application/vnd.ms-cab-compressed", "cab"],
  [0.0001, "application/x-mach-binary", "dylib"],
];

/** What an engine ended with in a scan. */
export const OUTCOMES = ["DONE", "INFECTED", "SUSPICIOUS", "FAILED", "TIMEOUT", "UNSCANNED"] as const;
export type Outcome = (typeof OUTCOMES)[number];

export interface PastSample {
  readonly id: number;
  readonly hashes: string;
  readonly size: number;
  readonly mime: string;
  readonly extension: string;
  readonly firstSeen: number;
}

export interface PastScan {
  readonly id: number;
  readonly sample: number;
  readonly name: string;
  readonly started: number;
  readonly verdict: "INCONCLUSIVE" | "CLEAN" | "SUSPICIOUS" | "INFECTED";
  readonly detections: number;
  readonly avClean: number;
  /** By engine, in the order of {@link ENGINES}. */
  readonly outcomes: readonly Outcome[];
  readonly family: string;
  readonly variant: number;
}

export const AV_ENGINES = ENGINES.filter(([, type]) => type === "AV").length;

/** How many samples there are; scan 1 is of sample 1. */
export function samplesOf({ scans }: History): number {
  return newSamplesUntil(scans);
}

function newSamplesUntil(scan: number): number {
  return Math.ceil(scan * NEW_SAMPLES);
}

function startOf({ scans, newest }: History, scan: number): number {
  return newest.getTime() - Math.round(((scans - scan) * DAYS * DAY_MS) / scans);
}

const SAMPLE = 1;
const SCAN = 2;

export function pastSample(history: History, id: number): PastSample {
  const random = randomOf(history.seed, SAMPLE, id);
  const bytes = Buffer.alloc(68);
  random.fill(bytes);
  const [, mime, extension] = typeOf(random.unit());
  const firstScan = Math.floor((id - 1) / NEW_SAMPLES) + 1;
  return {
    id,
    hashes: bytes.toString("hex"),
    size: Math.round(65_536 * Math.exp(1.79 * random.normal())),
    mime,
    extension,
    firstSeen: startOf(history, firstScan),
  };
}

export function pastScan(history: History, id: number): PastScan {
  const random = randomOf(history.seed, SCAN, id);
  const known = newSamplesUntil(id);
  const sample = known > newSamplesUntil(id - 1) ? known : 1 + (random.uint32() % known);
  const { extension } = pastSample(history, sample);
  const outcomes = outcomesOf(random);
  const count = (outcome: Outcome, among = outcomes) => among.filter((one) => one === outcome).length;
  const avClean = count("DONE", outcomes.slice(0, AV_ENGINES));
  const infected = count("INFECTED");
  const suspicious = count("SUSPICIOUS");
  const otherwise = avClean === AV_ENGINES ? "CLEAN" : "INCONCLUSIVE";
  return {
    id,
    sample,
    name: `${WORDS[random.uint32() % WORDS.length]}-${random.uint32() % 100_000}.${extension}`,
    started: startOf(history, id),
    verdict: infected > 0 ? "INFECTED" : suspicious > 0 ? "SUSPICIOUS" : otherwise,
    detections: infected + suspicious,
    avClean,
    outcomes,
    // A few families are most of what is found.
    family: FAMILIES[Math.floor(FAMILIES.length * random.unit() ** 3)] ?? "Agent",
    variant: random.uint32() % 5_000,
  };
}

function typeOf(draw: number): Type {
  let sum = 0;
  return TYPES.find(([share]) => draw < (sum += share)) ?? (TYPES[0] as Type);
}

/** 4 % of scans are infected, 1 % suspicious; 3 of 1,000 results are failures. */
function outcomesOf(random: Random): Outcome[] {
  const draw = random.unit();
  const finding = draw < 0.04 ? "INFECTED" : draw < 0.05 ? "SUSPICIOUS" : undefined;
  const agreement = finding === "INFECTED" ? 0.2 + 0.75 * random.unit() : 0.1;
  const outcomes = ENGINES.map(([, type]): Outcome => {
    const luck = random.unit();
    if (luck < 0.003) return OUTCOMES[3 + Math.floor(luck * 1_000)] ?? "FAILED";
    return type === "AV" && finding !== undefined && random.unit() < agreement ? finding : "DONE";
  });
  if (finding !== undefined && !outcomes.includes(finding)) outcomes[0] = finding;
  return outcomes;
}
