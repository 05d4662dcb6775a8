/** A history as the lines that COPY takes, in pieces of many lines. */

import { AV_ENGINES, ENGINES, pastSample, pastScan, samplesOf, type History, type Outcome, type PastScan } from "./history.js";

/** Columns of a table in the order of its lines. */
export const COLUMNS = {
  samples: "id, sha256, md5, sha1, size, mime, first_seen",
  scans:
    "id, sample_id, name, speed, internet, start_date, deadline, end_date, verdict, done, total, detections, av_total, av_clean, revision, skipped",
  results:
    "scan_id, engine_id, state, verdict, signature, error, engine_version, signature_version, signature_date, agent, " +
    "started_at, ended_at, duration_ms, details",
} as const;

/** Text that is handed on at once, and how far it leads. */
export interface Piece {
  readonly text: string;
  readonly done: number;
}

const PIECE_CHARACTERS = 256 * 1024;
const DEADLINE_MS = 15 * 60_000;
const WAIT_MS = 3;
const DURATION_MS = { ULTRA: 2.5, FAST: 240, MEDIUM: 1_900, SLOW: 14_000 } as const;
const TOTAL = ENGINES.length;
const NULL = "\\N";

export function sampleLines(history: History): Generator<Piece> {
  return pieces(samplesOf(history), (id) => {
    const { hashes, size, mime, firstSeen } = pastSample(history, id);
    const [sha256, md5, sha1] = [hashes.slice(0, 64), hashes.slice(64, 96), hashes.slice(96)];
    return `${id}\t${sha256}\t${md5}\t${sha1}\t${size}\t${mime}\t${iso(firstSeen)}\n`;
  });
}

export function scanLines(history: History): Generator<Piece> {
  return pieces(history.scans, (id) => {
    const { sample, name, started, verdict, detections, avClean } = pastScan(history, id);
    const dates = `${iso(started)}\t${iso(started + DEADLINE_MS)}\t${iso(started + WAIT_MS + DURATION_MS.SLOW)}`;
    return `${id}\t${sample}\t${name}\tALL\ttrue\t${dates}\t${verdict}\t${TOTAL}\t${TOTAL}\t${detections}\t${AV_ENGINES}\t${avClean}\t${TOTAL}\t[]\n`;
  });
}

/** `engineIds` are those of {@link ENGINES}, in their order. */
export function resultLines(history: History, engineIds: readonly number[]): Generator<Piece> {
  const lines = ENGINES.map((_, i) => lineMaker(i, engineIds[i] ?? 0));
  return pieces(history.scans, (id) => {
    const scan = pastScan(history, id);
    const from = iso(scan.started + WAIT_MS);
    const ends = {
      ULTRA: `${from}\t${iso(scan.started + WAIT_MS + DURATION_MS.ULTRA)}`,
      FAST: `${from}\t${iso(scan.started + WAIT_MS + DURATION_MS.FAST)}`,
      MEDIUM: `${from}\t${iso(scan.started + WAIT_MS + DURATION_MS.MEDIUM)}`,
      SLOW: `${from}\t${iso(scan.started + WAIT_MS + DURATION_MS.SLOW)}`,
    };
    let text = "";
    for (const [i, line] of lines.entries()) text += line(scan, scan.outcomes[i] ?? "DONE", ends);
    return text;
  });
}

type Ends = Readonly<Record<keyof typeof DURATION_MS, string>>;

function lineMaker(engine: number, engineId: number): (scan: PastScan, outcome: Outcome, ends: Ends) => string {
  const [name, type, speed, , style = ""] = ENGINES[engine] ?? ["", "AV", "ULTRA", false];
  const clean = type === "AV" ? "CLEAN" : NULL;
  const versions = `1.${engine}.4\t${26_000 + engine}\t2026-06-01`;
  const duration = DURATION_MS[speed];
  return ({ id, family, variant }, outcome, ends) => {
    const [state, verdict, signature, error] =
      outcome === "DONE"
        ? ["DONE", clean, NULL, NULL]
        : outcome === "INFECTED" || outcome === "SUSPICIOUS"
          ? ["DONE", outcome, `${style.replace("%", family)}${variant}`, NULL]
          : [outcome, NULL, NULL, outcome === "FAILED" ? "exited with status 2" : NULL];
    const details =
      type === "AV" || state !== "DONE" ? NULL : `{"${name.toLowerCase()}": {"magic": "data", "matches": ${variant}}}`;
    return `${id}\t${engineId}\t${state}\t${verdict}\t${signature}\t${error}\t${versions}\tagent-${variant % 4}\t${ends[speed]}\t${duration}\t${details}\n`;
  };
}

function* pieces(count: number, line: (id: number) => string): Generator<Piece> {
  let text = "";
  for (let id = 1; id <= count; id++) {
    text += line(id);
    if (text.length < PIECE_CHARACTERS && id < count) continue;
    yield { text, done: id };
    text = "";
  }
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
