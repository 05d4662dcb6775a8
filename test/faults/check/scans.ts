/** What must hold of scans, their results and their verdicts. */

import type { Evidence, Limits, ScanRow, Transition } from "./evidence.js";
import { only, type Entry, type Sent } from "./journal.js";

/** Lowest first: a result only moves up. */
const STATES = ["QUEUED", "SCANNING", "CANCELLED", "NO_AGENT", "TIMEOUT", "FAILED", "UNSCANNED", "DONE"];
const VERDICTS = [null, "INCONCLUSIVE", "CLEAN", "SUSPICIOUS", "INFECTED"];
/** Between the deadline and the sweep's statement lies a little work. */
const SLACK_MS = 5_000;

/** What was sent for each scan that a client was given an id of. */
export function acceptedScans(journal: readonly Entry[]): Map<number, Sent> {
  const sent = new Map(only(journal, "sent").map((entry) => [entry.key, entry]));
  const accepted = new Map<number, Sent>();
  for (const { key, scan } of only(journal, "answered")) {
    const entry = sent.get(key);
    if (scan !== null && entry !== undefined) accepted.set(scan, entry);
  }
  return accepted;
}

export function byScan(rows: readonly ScanRow[]): Map<number, ScanRow> {
  return new Map(rows.map((row) => [row.scan, row]));
}

/** Every accepted scan is final by its deadline, or soon after the mesh was healed. */
export function livenessProblems({ journal, rows, reports }: Evidence, { ackWaitMs, sweepMs }: Limits): string[] {
  const healed = only(journal, "phase").findLast(({ phase }) => phase === "healed")?.at ?? 0;
  const known = byScan(rows);
  return [
    ...[...acceptedScans(journal).keys()].flatMap((scan) => {
      const row = known.get(scan);
      // One that is gone altogether was not kept: that is durability.
      if (row === undefined) return [];
      if (row.end === null) return [`scan ${scan} is still open`];
      const due = Math.max(row.deadline, healed) + 2 * ackWaitMs + sweepMs + SLACK_MS;
      return row.end > due ? [`scan ${scan} was final ${((row.end - due) / 1_000).toFixed(1)} s late`] : [];
    }),
    ...reports.flatMap(({ scan, end }) => (end === null ? [`the API reports scan ${scan} as open`] : [])),
  ];
}

/** One scan for each upload, one result for each engine, and one final message for each connection. */
export function exactlyOneProblems({ journal, rows, reports, untold }: Evidence): string[] {
  const scansOf = new Map<string, number[]>();
  for (const { sha256, scan } of rows) scansOf.set(sha256, [...(scansOf.get(sha256) ?? []), scan]);
  const twice = [...scansOf]
    .filter(([, scans]) => scans.length > 1)
    .map(([sha256, scans]) => `${sha256} has scans ${scans.join()}`);
  const answers = new Map<string, Set<number>>();
  for (const { key, scan } of only(journal, "answered"))
    if (scan !== null) answers.set(key, (answers.get(key) ?? new Set()).add(scan));
  const confused = [...answers]
    .filter(([, scans]) => scans.size > 1)
    .map(([key, scans]) => `${key} was given scans ${[...scans].join()}`);
  const reported = byScan(reports);
  const results = rows.flatMap((row) => {
    const names = row.results.map(({ engine }) => engine);
    const repeated = names
      .filter((name, i) => names.indexOf(name) !== i)
      .map((name) => `scan ${row.scan} has two results of ${name}`);
    const other = reported.get(row.scan);
    const told = (one: ScanRow) =>
      one.results
        .map(({ engine, state, verdict }) => `${engine} ${state} ${verdict}`)
        .toSorted()
        .join();
    return other === undefined || told(other) === told(row)
      ? repeated
      : [...repeated, `scan ${row.scan} has ${told(row)}, and the API says ${told(other)}`];
  });
  const finals = new Map<string, number>();
  for (const { connection, scan, final } of only(journal, "told"))
    if (final)
      finals.set(
        `${connection} was told the end of scan ${scan}`,
        (finals.get(`${connection} was told the end of scan ${scan}`) ?? 0) + 1,
      );
  const repeats = [...finals].filter(([, times]) => times > 1).map(([what, times]) => `${what} ${times} times`);
  const never = untold.map((scan) => `a subscriber was never told the end of scan ${scan}`);
  return [...twice, ...confused, ...results, ...repeats, ...never];
}

/** CLEAN only if every antivirus engine that was asked is done and says so, and never of an infected sample. */
export function cleanProblems({ journal, rows, reports, transitions }: Evidence): string[] {
  const infected = new Set(
    only(journal, "sent")
      .filter((sent) => sent.infected)
      .map(({ sha256 }) => sha256),
  );
  const canaries = new Set([...acceptedScans(journal)].filter(([, sent]) => sent.infected).map(([scan]) => scan));
  for (const { scan, sha256 } of rows) if (infected.has(sha256)) canaries.add(scan);
  const shown = [...rows, ...reports].flatMap((row) => {
    if (row.verdict !== "CLEAN") return [];
    if (canaries.has(row.scan)) return [`scan ${row.scan} of an infected sample is CLEAN`];
    const antivirus = row.results.filter(({ type }) => type === "AV");
    const proven = antivirus.length > 0 && antivirus.every(({ state, verdict }) => state === "DONE" && verdict === "CLEAN");
    return proven ? [] : [`scan ${row.scan} is CLEAN, and its antivirus engines do not all say so`];
  });
  const once = transitions
    .filter(({ scan, to }) => canaries.has(scan) && to.verdict === "CLEAN")
    .map(({ scan, engine }) => `${engine ?? "the verdict"} of infected scan ${scan} was CLEAN for a time`);
  const told = only(journal, "told")
    .filter(({ scan, verdict }) => canaries.has(scan) && verdict === "CLEAN")
    .map(({ scan }) => `a subscriber was told that infected scan ${scan} is CLEAN`);
  return [...new Set([...shown, ...once, ...told])];
}

/** States and verdicts only move up, and revisions that a connection is sent never go back. */
export function monotoneProblems({ journal, transitions }: Evidence): string[] {
  const fallen = transitions.filter((transition) => height(transition.to) < height(transition.from));
  const latest = new Map<string, number>();
  const back = only(journal, "told").flatMap(({ connection, scan, revision }) => {
    const key = `${connection} ${scan}`;
    const before = latest.get(key) ?? -1;
    latest.set(key, revision);
    return revision < before ? [`${connection} was told revision ${revision} of scan ${scan} after ${before}`] : [];
  });
  return [
    ...fallen.map(
      ({ scan, engine, from, to }) => `${engine ?? "the verdict"} of scan ${scan} fell from ${shown(from)} to ${shown(to)}`,
    ),
    ...back,
  ];
}

function height({ state, verdict }: Transition["to"]): number {
  return (state === null ? 0 : STATES.indexOf(state)) * VERDICTS.length + VERDICTS.indexOf(verdict);
}

function shown({ state, verdict }: Transition["to"]): string {
  return [state, verdict].filter((part) => part !== null).join(" ") || "nothing";
}
