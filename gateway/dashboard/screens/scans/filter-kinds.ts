/** What scans can be filtered by: each kind has a key in the address, and values that people read. */

import { durationText, timeText } from "../../parts/measure.tsx";
import { millisecondsOf } from "./scan-filter.ts";

const VERDICTS = ["INFECTED", "SUSPICIOUS", "INCONCLUSIVE", "CLEAN"];
const ANSWERS = ["INFECTED", "SUSPICIOUS", "CLEAN", "FAILED", "TIMEOUT", "UNSCANNED", "NO_AGENT", "CANCELLED"];
const SIZE = "\\s*\\d{1,12}\\s*[kKmMgGtT]?i?[bB]?\\s*";
const TIME = "\\d{4}-\\d\\d-\\d\\d(?:T[\\d:.]+Z)?";
const DURATION = "\\s*\\d{1,9}\\s*(?:ms|s|min)?\\s*";
const WITHIN = [
  ["1h", "the last hour"],
  ["24h", "the last 24 hours"],
  ["7d", "the last 7 days"],
  ["30d", "the last 30 days"],
] as const;

export interface FilterKind {
  readonly key: string;
  readonly label: string;
  /** The values that there are; without it any text. */
  readonly choices?: readonly (readonly [value: string, word: string])[];
  readonly placeholder?: string;
  /** What a text has to look like, as a pattern of HTML. */
  readonly pattern?: string;
  /** Its label before a time, where it has another one before a choice. */
  readonly timeLabel?: string;
  /** Whether several are possible; if not, a new one takes the place of the old one. */
  readonly isMany: boolean;
}

const words = (values: readonly string[]) => values.map((value) => [value, wordOf(value)] as const);

export const FILTER_KINDS: readonly FilterKind[] = [
  { key: "verdict", label: "Verdict", choices: words(VERDICTS), isMany: true },
  {
    key: "state",
    label: "State",
    choices: [
      ["final", "final"],
      ["open", "still open"],
    ],
    isMany: false,
  },
  { key: "name", label: "Name", placeholder: "invoice*.pdf", isMany: true },
  {
    key: "hash",
    label: "Hash",
    placeholder: "md5, sha1 or sha256",
    pattern: "(?:[0-9a-fA-F]{32}|[0-9a-fA-F]{40}|[0-9a-fA-F]{64})",
    isMany: true,
  },
  { key: "type", label: "Type", placeholder: "application/pdf or image/*", isMany: true },
  { key: "min", label: "Size at least", placeholder: "100 KiB", pattern: SIZE, isMany: false },
  { key: "max", label: "Size at most", placeholder: "20 MiB", pattern: SIZE, isMany: false },
  {
    key: "since",
    label: "Accepted within",
    timeLabel: "Accepted since",
    choices: WITHIN,
    pattern: `\\d{1,5}[hd]|${TIME}`,
    isMany: false,
  },
  { key: "until", label: "Accepted before", placeholder: "2026-01-31", pattern: TIME, isMany: false },
  {
    key: "endedSince",
    label: "Ended within",
    timeLabel: "Ended since",
    choices: WITHIN,
    pattern: `\\d{1,5}[hd]|${TIME}`,
    isMany: false,
  },
  { key: "endedUntil", label: "Ended before", placeholder: "2026-01-31", pattern: TIME, isMany: false },
  { key: "engine", label: "Engine", isMany: true },
  { key: "answer", label: "An engine's answer", choices: [...words(ANSWERS), ["ERROR", "went wrong"]], isMany: true },
  {
    key: "signature",
    label: "Signature contains",
    placeholder: "3 characters at least",
    pattern: "\\s*\\S.{1,}\\S\\s*",
    isMany: false,
  },
  { key: "signatureIs", label: "Signature is", placeholder: "its whole name", isMany: false },
  { key: "slowerThan", label: "An engine took longer than", placeholder: "10 s", pattern: DURATION, isMany: false },
  {
    key: "disagrees",
    label: "An engine's verdict",
    choices: [
      ["true", "differs from the scan's"],
      ["false", "agrees with the scan's"],
    ],
    isMany: false,
  },
  { key: "label", label: "Label", placeholder: "team or team=mail", isMany: true },
  { key: "batch", label: "Batch", placeholder: "its number", pattern: "[1-9]\\d{0,14}", isMany: false },
];

/** A filter that is set, in a sentence, and what of the address it stands for. */
export interface Chip {
  /** As people read it. */
  readonly text: string;
  readonly entries: readonly (readonly [key: string, value: string])[];
}

interface Setting {
  readonly kind: FilterKind;
  readonly value: string;
}

/** The filters of an address, in the order of the kinds. What the page does not know is not there. */
export function chipsOf(address: URLSearchParams): readonly Chip[] {
  const settings = settingsOf(address);
  const answers = settings.filter(({ kind }) => kind.key === "answer");
  const engines = settings.filter(({ kind }) => kind.key === "engine");
  const slower = settings.find(({ kind }) => kind.key === "slowerThan");
  if (answers.length === 0 && engines.length > 0 && slower !== undefined) {
    // They are one condition: this engine took longer.
    const others = settings.filter((setting) => setting !== slower && !engines.includes(setting));
    const text = chipText(slower).replace(slower.kind.label, `${anyOf(engines.map(({ value }) => value))} took longer than`);
    return [...others.map((setting) => chipOf(chipText(setting), [setting])), chipOf(text, [...engines, slower])];
  }
  if (answers.length === 0) return settings.map((setting) => chipOf(chipText(setting), [setting]));
  // They are one condition: this answer of this engine.
  const others = settings.filter(({ kind }) => kind.key !== "engine" && kind.key !== "answer");
  const whose = engines.length > 0 ? `Answer of ${anyOf(engines.map(({ value }) => value))}` : "An engine's answer";
  const text = `${whose}: ${anyOf(answers.map(({ kind, value }) => choiceWord(kind, value)))}`;
  return [...others.map((setting) => chipOf(chipText(setting), [setting])), chipOf(text, [...engines, ...answers])];
}

function settingsOf(address: URLSearchParams): Setting[] {
  return FILTER_KINDS.flatMap((kind) => {
    const values = [...new Set(address.getAll(kind.key).filter((value) => value !== ""))];
    return (kind.isMany ? values : values.slice(0, 1)).map((value) => ({ kind, value }));
  });
}

function chipOf(text: string, settings: readonly Setting[]): Chip {
  return { text, entries: settings.map(({ kind, value }) => [kind.key, value]) };
}

function anyOf(words: readonly string[]): string {
  return words.join(" or ");
}

function choiceWord({ choices }: FilterKind, value: string): string {
  return choices?.find(([one]) => one === value)?.[1] ?? value;
}

function chipText({ kind, value }: Setting): string {
  const { label, timeLabel, choices, pattern } = kind;
  if (choices?.some(([one]) => one === value)) return `${label}: ${choiceWord(kind, value)}`;
  if (pattern === DURATION && isUnderstood("slowerThan", value)) return `${label}: ${durationText(millisecondsOf(value) ?? 0)}`;
  const time = pattern?.includes(TIME) ? new Date(value) : undefined;
  if (time === undefined || Number.isNaN(time.getTime())) return `${label}: ${value}`;
  return `${timeLabel ?? label}: ${timeText(time)}`;
}

/** What an address says that nobody understands, in a sentence. */
export function mistakeIn(address: URLSearchParams): string | undefined {
  const wrong = settingsOf(address).find(({ kind, value }) => !isUnderstood(kind.key, value));
  return wrong && `The filter “${chipText(wrong)}” is not understood.`;
}

function isUnderstood(key: string, value: string): boolean {
  const kind = FILTER_KINDS.find((one) => one.key === key);
  if (kind?.choices?.some(([choice]) => choice === value)) return true;
  if (kind?.pattern !== undefined) return new RegExp(`^(?:${kind.pattern})$`, "u").test(value);
  return kind?.choices === undefined;
}

function wordOf(value: string): string {
  return value.toLowerCase().replaceAll("_", " ");
}
