/** A run's results as a table, and what is wrong below it. */

import { INVARIANTS } from "./check/invariants.js";
import type { Row } from "./run.js";

export function tableOf(rows: readonly Row[]): string {
  const head = [
    "case",
    "invariants",
    "recovered after s",
    "reads",
    "uploads",
    "scans",
    "gateway MB",
    "agent MB",
    "loop p99 ms",
    "result",
  ];
  const lines = rows.map((row) => [
    row.cases.join(" + "),
    `${INVARIANTS.length - brokenIn(row).length} of ${INVARIANTS.length}`,
    row.recoveredAfterS?.toFixed(1) ?? "never",
    percent(row.answered.reads),
    percent(row.answered.uploads),
    String(row.scans),
    String(row.gatewayMb),
    String(row.agentMb),
    String(row.loopP99Ms),
    resultOf(row),
  ]);
  return columns([head, ...lines]).join("\n");
}

/** One word, or what is broken. */
export function resultOf(row: Row): string {
  const broken = brokenIn(row);
  return broken.length === 0 ? "holds" : `broken: ${broken.join(", ")}`;
}

function brokenIn({ violations }: Row): string[] {
  return [...new Set(violations.map(({ invariant }) => invariant))];
}

function percent(share: number | null): string {
  return share === null ? "–" : `${Math.floor(share * 100)} %`;
}

function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  const last = widths.length - 1;
  return rows.map((row) =>
    row
      .map((cell, i) => (i === 0 || i === last ? cell.padEnd(i === last ? 0 : (widths[i] ?? 0)) : cell.padStart(widths[i] ?? 0)))
      .join("  "),
  );
}
