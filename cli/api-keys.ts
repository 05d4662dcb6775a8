/** `npm run api-keys -- create|list|revoke`: the API keys of a mesh, for whoever may read its database. */

import { inspect } from "node:util";
import { Command, CommanderError } from "commander";
import { readApiKeys, type ApiKeyRecord } from "../gateway/db/api-keys.js";
import { openDatabase, type Database } from "../gateway/db/database.js";
import { migrate } from "../gateway/db/migrations.js";
import { GatewayError } from "../gateway/errors.js";
import { createApiKey, revokeApiKey } from "../gateway/scan/api-keys.js";
import { SCOPES, type Scope } from "../schema/scopes.js";
import { commaList } from "../schema/settings.js";
import { table } from "../standalone/table.js";
import { COMMAND_LINE, meshDatabase } from "./mesh-database.js";
import { OperatorError } from "../schema/operator-error.js";

const ERROR = 2;
const DAY_MS = 86_400_000;
const TIMES = "days (90d), hours (12h), a date (2030-01-31) or a time (2030-01-31T12:00Z)";

interface CreateOptions {
  readonly name: string;
  readonly scopes: string;
  readonly expires?: string;
  readonly rate?: string;
  readonly dailyScans?: string;
}

const say = (line: string) => void process.stderr.write(`${line}\n`);
const print = (line: string) => void process.stdout.write(`${line}\n`);

async function withDatabase(work: (db: Database, mesh: string) => Promise<void>): Promise<void> {
  const database = await meshDatabase();
  const db = openDatabase(database.url, (error) => say(`A connection was lost: ${error.message}`));
  try {
    await migrate(db);
    await work(db, database.mesh);
  } finally {
    await db.destroy();
    await database.stop();
  }
}

async function create({ name, scopes, expires, rate, dailyScans }: CreateOptions): Promise<void> {
  const input = {
    name,
    scopes: scopesOf(scopes),
    expiresAt: expires === undefined ? undefined : instantOf(expires),
    rate: rate === undefined ? undefined : Number(rate),
    dailyScans: dailyScans === undefined ? undefined : Number(dailyScans),
  };
  await withDatabase(async (db, mesh) => {
    const { record, text } = await createApiKey({ db }, COMMAND_LINE, input);
    say(`The key ${record.id} of ${mesh} has the scopes ${record.scopes.join(", ")}. Keep it now: it cannot be shown again.`);
    print(text);
  });
}

/** What the input of {@link createApiKey} is called here. */
const OPTIONS: Readonly<Record<string, string>> = {
  name: "--name",
  scopes: "--scopes",
  expiresAt: "--expires",
  rate: "--rate",
  dailyScans: "--daily-scans",
};

/** A mistake with the name of its option. */
function explain(error: Error): string {
  const [field = ""] = error instanceof GatewayError ? error.field : [];
  return error.message.replace(`${field}: `, `${OPTIONS[field] ?? field}: `);
}

function scopesOf(text: string): Scope[] {
  const words = commaList.parse(text);
  const wrong = words.filter((word) => !(SCOPES as readonly string[]).includes(word));
  if (wrong.length > 0) throw new OperatorError(`--scopes: there is no ${wrong.join(", ")}; there are ${SCOPES.join(", ")}.`);
  return words as Scope[];
}

function instantOf(text: string): Date {
  const [, count, unit] = /^([1-9]\d{0,4})([dh])$/.exec(text) ?? [];
  // Of other texts Date makes any time that it likes.
  const written = /^\d{4}-\d\d-\d\d/.test(text) ? text : NaN;
  const instant = new Date(unit === undefined ? written : Date.now() + Number(count) * (unit === "d" ? DAY_MS : DAY_MS / 24));
  if (Number.isNaN(instant.getTime())) throw new OperatorError(`--expires: ${text} is none of ${TIMES}.`);
  return instant;
}

async function list(db: Database, mesh: string, revoked: boolean): Promise<void> {
  const keys = await readApiKeys(db, { revoked });
  if (keys.length === 0) return say(`There is no API key of ${mesh}.`);
  const header = ["Id", "Name", "Scopes", "Made", "Last used", "State", "Limits"];
  print(table([header, ...keys.map(row)]));
}

function row(key: ApiKeyRecord): string[] {
  const { id, name, scopes, createdAt, lastUsedAt, rate, dailyScans, scansToday } = key;
  const limits = [
    rate === null ? [] : `${rate}/s`,
    dailyScans === null ? [] : `${scansToday} of ${dailyScans} scans today`,
  ].flat();
  return [id, name, scopes.join(","), minute(createdAt), minute(lastUsedAt) || "never", stateOf(key), limits.join(", ") || "-"];
}

function stateOf({ revokedAt, expiresAt }: ApiKeyRecord): string {
  if (revokedAt) return `revoked ${minute(revokedAt)}`;
  if (!expiresAt) return "valid";
  return `${expiresAt.getTime() > Date.now() ? "valid until" : "expired"} ${minute(expiresAt)}`;
}

function minute(time: Date | null): string {
  return time?.toISOString().slice(0, 16).replace("T", " ") ?? "";
}

async function revoke(db: Database, id: string): Promise<void> {
  const { name } = await revokeApiKey({ db }, COMMAND_LINE, id);
  say(`The key ${id} (${name}) opens nothing any more; what it has open is closed within 5 seconds.`);
}

const program = new Command("api-keys").description(
  "The API keys of a mesh. It works on DATABASE_URL, or on the database of npm run up.",
);
program
  .command("create")
  .description("Makes a key and prints it, this once.")
  .requiredOption("--name <name>", "what it is for, or who has it")
  .requiredOption("--scopes <scopes>", `what it allows, separated by commas: ${SCOPES.join(", ")}`)
  .option("--expires <time>", `when it stops working: ${TIMES}`)
  .option("--rate <number>", "requests a second that each gateway lets through")
  .option("--daily-scans <number>", "scans a day, on all gateways together")
  .action(create);
program
  .command("list")
  .description("Lists the keys, the newest first; times are UTC.")
  .option("--revoked", "those that are revoked too", false)
  .action(({ revoked }: { revoked: boolean }) => withDatabase((db, mesh) => list(db, mesh, revoked)));
program
  .command("revoke")
  .description("Revokes a key.")
  .argument("<id>", "its id, as in the list")
  .action((id: string) => withDatabase((db) => revoke(db, id)));
for (const command of [program, ...program.commands]) command.exitOverride();

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = ERROR;
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : ERROR;
  else if (error instanceof OperatorError || error instanceof GatewayError) say(explain(error));
  else say(inspect(error));
}
