/** `npm run import-multiav -- postgres://…`: takes a MultiAV2 database over into this mesh. */

import { inspect } from "node:util";
import { Command, CommanderError } from "commander";
import { openDatabase } from "../gateway/db/database.js";
import { migrate } from "../gateway/db/migrations.js";
import { GatewayError } from "../gateway/errors.js";
import { importMultiAv, type Imported } from "./import-run.js";
import { meshDatabase } from "./mesh-database.js";
import { createProgressBar } from "./progress-bar.js";
import { OperatorError } from "../schema/operator-error.js";

const ERROR = 2;
const INTERRUPTED = 130;

interface Options {
  readonly into?: string;
  readonly timeZone: string;
}

const say = (line: string) => void process.stderr.write(`${line}\n`);

async function run(source: string, options: Options): Promise<number> {
  for (const [name, url] of [
    ["the database", source],
    ["--into", options.into],
  ] as const) {
    if (url !== undefined && !/^postgres(ql)?:\/\//.test(url))
      throw new OperatorError(`${name}: needs an address that begins with postgres://`);
  }
  checkTimeZone(options.timeZone);
  const interrupt = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => interrupt.abort());
  const target = await meshDatabase(options.into);
  const lost = (error: Error) => say(`A connection was lost: ${error.message}`);
  const [from, into] = [openDatabase(source, lost), openDatabase(target.url, lost)];
  try {
    await migrate(into);
    const imported = await importMultiAv({
      from,
      into,
      timeZone: options.timeZone,
      signal: interrupt.signal,
      print: (line) => void process.stdout.write(`${line}\n`),
      progress: (total) => createProgressBar(process.stderr, "Reports", total),
    });
    summarise(imported);
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

function summarise({ before, reports, results, duplicates, stuck, unreadable, leftOut, samplesAlone, keptIds }: Imported): void {
  const lines = [
    `${reports} reports with ${results} results imported${before > 0 ? `, ${before} were before` : ""}; ${keptIds ? "they keep their ids" : "their new ids are above"}.`,
    `${duplicates} rows were duplicates of an engine; ${stuck} results had never finished and are FAILED; ${unreadable} could not be read.`,
    `${samplesAlone} samples had no report; ${leftOut} reports are left out. Samples are without their bytes: MultiAV2 does not keep them.`,
  ];
  for (const line of lines) say(line);
}

function explain(error: unknown): string {
  if (error instanceof GatewayError)
    return `${error.message}: ${error.cause instanceof Error ? error.cause.message : String(error.cause)}`;
  return error instanceof OperatorError ? error.message : inspect(error);
}

const program = new Command("import-multiav")
  .description("Imports a MultiAV2 database. What was imported before is not imported again.")
  .argument("<database>", "its address, postgres://user:password@host/name")
  .option("--into <database>", "where to; default: DATABASE_URL, or the database of `npm run up`")
  .option("--time-zone <zone>", "in which MultiAV2 wrote its dates", "UTC")
  .exitOverride()
  .action(async (source: string, options: Options) => {
    process.exitCode = await run(source, options);
  });

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : ERROR;
  else if (error instanceof Error && error.name === "AbortError") {
    say("Interrupted. What is imported stays; run it again to go on.");
    process.exitCode = INTERRUPTED;
  } else {
    say(explain(error));
    process.exitCode = ERROR;
  }
}
