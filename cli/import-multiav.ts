/** `npm run import-multiav -- postgres://…`: takes a MultiAV2 database over into this mesh. */

import { Command } from "commander";
import { openDatabase } from "../gateway/db/database.js";
import { migrate } from "../gateway/db/migrations.js";
import { GatewayError } from "../gateway/errors.js";
import { explain, interruptSignal, print, runCommand, say } from "./command.js";
import { importMultiAv, type ImportSummary } from "./import-run.js";
import { meshDatabase } from "./mesh-database.js";
import { createProgressBar } from "./progress-bar.js";
import { OperatorError } from "../schema/operator-error.js";

interface Options {
  readonly into?: string;
  readonly timeZone: string;
}

async function run(source: string, options: Options): Promise<number> {
  for (const [name, url] of [
    ["the database", source],
    ["--into", options.into],
  ] as const) {
    if (url !== undefined && !/^postgres(ql)?:\/\//.test(url))
      throw new OperatorError(`${name}: needs an address that begins with postgres://`);
  }
  checkTimeZone(options.timeZone);
  const signal = interruptSignal();
  const target = await meshDatabase(options.into);
  const lost = (error: Error) => say(`A connection was lost: ${error.message}`);
  const [from, into] = [openDatabase(source, lost), openDatabase(target.url, lost)];
  try {
    await migrate(into);
    const imported = await importMultiAv({
      from,
      into,
      timeZone: options.timeZone,
      signal,
      print,
      progress: (total) => createProgressBar(process.stderr, "Reports", total),
    });
    printSummary(imported);
    return 0;
  } finally {
    await Promise.all([from.destroy(), into.destroy()]);
    await target.stop();
  }
}

function checkTimeZone(zone: string): void {
  try {
    Intl.DateTimeFormat("en", { timeZone: zone });
  } catch (error) {
    if (error instanceof RangeError) throw new OperatorError(`--time-zone: there is no time zone ${zone}`, { cause: error });
    throw error;
  }
}

function printSummary({
  before,
  reports,
  results,
  duplicates,
  stuck,
  unreadable,
  leftOut,
  samplesAlone,
  keptIds,
  updated,
  unfinished,
}: ImportSummary): void {
  const lines = [
    `${reports} reports with ${results} results imported${before > 0 ? `, ${before} were before` : ""}${describeIds(reports, keptIds)}.`,
    `${duplicates} rows were duplicates of an engine; ${stuck} results had never finished and are FAILED; ${unreadable} could not be read.`,
    `${samplesAlone} samples had no report; ${leftOut} reports are left out. Samples are without their bytes: MultiAV2 does not keep them.`,
  ];
  if (updated > 0) lines.push(`${updated} reports of earlier runs were not finished then, and are up to date now.`);
  if (unfinished > 0) lines.push(`${unfinished} reports are not finished in MultiAV2: run the command again once they are.`);
  for (const line of lines) say(line);
}

function describeIds(reports: number, keptIds: number): string {
  if (reports === 0) return "";
  if (keptIds === reports) return "; they keep their ids";
  return keptIds === 0
    ? "; their new ids are above"
    : `; ${keptIds} keep their ids, the new ids of ${reports - keptIds} are above`;
}

function explainWithCause(error: unknown): string {
  if (!(error instanceof GatewayError)) return explain(error);
  return `${error.message}: ${error.cause instanceof Error ? error.cause.message : String(error.cause)}`;
}

const program = new Command("import-multiav")
  .description("Imports a MultiAV2 database. What was imported before is not imported again.")
  .argument("<database>", "its address, postgres://user:password@host/name")
  .option("--into <database>", "where to; default: DATABASE_URL, or the database of `npm run up`")
  .option("--time-zone <zone>", "in which MultiAV2 wrote its dates", "UTC")
  .action(async (source: string, options: Options) => {
    process.exitCode = await run(source, options);
  });

await runCommand(program, {
  explain: explainWithCause,
  interrupted: "Interrupted. What is imported stays; run the command again to go on.",
});
