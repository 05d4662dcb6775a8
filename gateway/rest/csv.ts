/** One scan as a line of `/export/csv`, in columns by engine. */

import { visibleText } from "../../schema/visible-text.js";
import type { EngineRecord, ListedScan, ListedResult } from "../../schema/reports.js";
import { asctime } from "./asctime.js";
import { formatResult } from "./report.js";

export type Column = Pick<EngineRecord, "name" | "type">;

const SEPARATOR = ";";
const ABSENT = "not scanned";

export function csvHead(engines: readonly Column[]): string {
  const columns = engines.flatMap(({ name, type }) => (type === "AV" ? [name, `${name}-version`] : [name]));
  return line(["name", "md5", "sha1", "sha256", "start_date", ...columns]);
}

export interface CsvScan extends ListedScan {
  readonly results: readonly ListedResult[];
}

export function csvLine({ name, sample, startDate, results }: CsvScan, engines: readonly Column[], timeZone: string): string {
  const byEngine = new Map(results.map((result) => [result.engine, result]));
  const cells = engines.flatMap(({ name, type }) => engineCells(byEngine.get(name), type === "AV"));
  return line([name, sample.md5, sample.sha1, sample.sha256, asctime(startDate, timeZone), ...cells]);
}

function engineCells(result: ListedResult | undefined, isAv: boolean): string[] {
  if (!result) return isAv ? [ABSENT, ABSENT] : [ABSENT];
  const shown = formatResult(result);
  if (!isAv) return [JSON.stringify(shown)];
  return [
    resultText(result, shown),
    [shown.engine, shown.updated].filter((version) => version !== "" && version !== "-").join(" "),
  ];
}

/** `clean` only if the engine reports it. */
function resultText({ state, verdict }: ListedResult, { error, result }: ReturnType<typeof formatResult>): string {
  if (error !== undefined) return error;
  if (state === "QUEUED") return "queued";
  if (state === "SCANNING") return "scanning";
  return verdict === "CLEAN" ? "clean" : result || (verdict?.toLowerCase() ?? "no verdict");
}

function line(cells: readonly string[]): string {
  return `${cells.map((cell) => quote(defuse(visibleText(cell)))).join(SEPARATOR)}\n`;
}

/** The start of a formula in a spreadsheet, in half or full width, after any white space. */
const FORMULA = /^\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]/;

/** Makes a spreadsheet display a formula instead of running it. */
function defuse(cell: string): string {
  return FORMULA.test(cell) ? `'${cell}` : cell;
}

/** Quotes a cell that would be split by our separator or by another one that a spreadsheet may guess. */
function quote(cell: string): string {
  return /[;,"\t\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
