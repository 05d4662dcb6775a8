/** Writes the table of docs/performance.md from what runs have found. */

import { readFile, writeFile } from "node:fs/promises";
import { projectPath } from "../../schema/paths.js";
import type { Metric } from "./metric.js";
import { UsageError } from "./options.js";
import type { Machine, Report } from "./report.js";
import { short } from "./table.js";
import { TARGETS, type Target } from "./targets.js";

const PAGE = "docs/performance.md";
const BEGIN = "<!-- measured: made by `npm run bench -- --write-docs` -->";
const END = "<!-- measured end -->";
const HEAD = ["metric", "unit", "what", "median", "least – greatest", "target", "floor", "reaches", "run"];
const NONE = "–";

/** Of a metric in several runs the last counts. */
export async function writePerformance(files: readonly string[]): Promise<void> {
  const reports = await Promise.all(files.map(readReport));
  const page = projectPath(PAGE);
  await writeFile(page, withMeasured(await readFile(page, "utf8"), reports));
  process.stdout.write(`${page} is written.\n`);
}

async function readReport(file: string): Promise<Report> {
  try {
    const report = JSON.parse(await readFile(file, "utf8")) as Report;
    if (report.v === 1 && Array.isArray(report.metrics)) return report;
  } catch (cause) {
    throw new UsageError(`--write-docs: ${file} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
  throw new UsageError(`--write-docs: ${file} is nothing that npm run --silent bench -- --json has written`);
}

/** The page with the table between its markers. */
export function withMeasured(page: string, reports: readonly Report[]): string {
  const [head, rest] = page.split(BEGIN);
  const tail = rest?.split(END)[1];
  if (head === undefined || tail === undefined) throw new Error(`${PAGE} needs ${BEGIN} and ${END}`);
  const found = new Map<string, { metric: Metric; run: number }>();
  for (const [i, { metrics }] of reports.entries()) for (const metric of metrics) found.set(metric.id, { metric, run: i + 1 });
  const ids = [...new Set([...Object.keys(TARGETS), ...found.keys()])].toSorted((a, b) =>
    a.localeCompare(b, "en", { numeric: true }),
  );
  const table = [HEAD, HEAD.map(() => "---"), ...ids.map((id) => rowOf(id, found.get(id)))];
  const runs = reports.map((report, i) => runOf(report, i + 1));
  return `${head}${BEGIN}\n\n${table.map((cells) => `| ${cells.join(" | ")} |`).join("\n")}\n\n${runs.join("\n\n")}\n\n${END}${tail}`;
}

function rowOf(id: string, found: { metric: Metric; run: number } | undefined): string[] {
  const targets: Readonly<Record<string, Target>> = TARGETS;
  const target = found?.metric.target ?? targets[id] ?? null;
  const wanted = [target === null ? NONE : short(target.target), target === null ? NONE : short(target.floor)];
  if (found === undefined) return [id, NONE, "not measured yet", NONE, NONE, ...wanted, NONE, NONE];
  const { unit, about, figure, reached } = found.metric;
  const span = `${short(figure.min)} – ${short(figure.max)}`;
  return [id, unit, cell(about), short(figure.median), span, ...wanted, reached ?? NONE, String(found.run)];
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}

function runOf({ machine, run, doubts }: Report, number: number): string {
  const scale = run.scale === 1 ? "" : `, at scale ${run.scale}`;
  return [
    `**Run ${number}**, ${machine.date.slice(0, 10)}, rounds: ${run.rounds}${scale}, seed ${run.seed}:`,
    "",
    ...machineLines(machine),
    ...doubts.map((doubt) => `- To be doubted: ${doubt}.`),
  ].join("\n");
}

function machineLines({ cores, processor, memoryGiB, system, loadBefore, commit, versions }: Machine): string[] {
  const software = Object.entries(versions).flatMap(([name, version]) => (version === null ? [] : [`${name} ${version}`]));
  return [
    `- ${cores} cores, ${processor}, ${memoryGiB} GiB, ${system}; load ${loadBefore.toFixed(2)} before it began.`,
    `- ${software.join(", ")}.`,
    // Runs from before it was told have none.
    `- Commit ${commit ?? "unknown"}.`,
  ];
}
