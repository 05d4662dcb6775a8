/** `npm run api-keys -- create|list|revoke`: the API keys of a mesh, for whoever may read its database. */

import { Command } from "commander";
import { readApiKeys, type ApiKeyRecord } from "../gateway/db/api-keys.js";
import type { Database } from "../gateway/db/database.js";
import { createApiKey, revokeApiKey } from "../gateway/scan/api-keys.js";
import { SCOPES, type Scope } from "../schema/scopes.js";
import { commaList } from "../schema/settings.js";
import { explainOptions } from "./option-mistakes.js";
import { parseExpiry, TIME_FORMATS } from "./expiry.js";
import { formatMinute } from "./utc-time.js";
import { textTable } from "../schema/text-table.js";
import { print, runCommand, say } from "./command.js";
import { COMMAND_LINE, withDatabase } from "./mesh-database.js";
import { printable } from "./view.js";
import { OperatorError } from "../schema/operator-error.js";

interface CreateOptions {
  readonly name: string;
  readonly scopes: string;
  readonly expires?: string;
  readonly rate?: string;
  readonly dailyScans?: string;
}

async function create({ name, scopes, expires, rate, dailyScans }: CreateOptions): Promise<void> {
  const input = {
    name,
    scopes: parseScopes(scopes),
    expiresAt: expires === undefined ? undefined : parseExpiry(expires),
    rate: rate === undefined ? undefined : Number(rate),
    dailyScans: dailyScans === undefined ? undefined : Number(dailyScans),
  };
  await withDatabase(async (db, { mesh, isOpen }) => {
    const { record, text } = await createApiKey({ db }, COMMAND_LINE, input);
    say(`The key ${record.id} of ${mesh} has the scopes ${record.scopes.join(", ")}. Keep it now: it cannot be shown again.`);
    print(text);
    if (isOpen) say("This mesh does not ask for keys yet. To make it ask, stop it and run: SCANMESH_AUTH=keys npm run up");
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

function parseScopes(text: string): Scope[] {
  const words = commaList.parse(text);
  const wrong = words.filter((word) => !(SCOPES as readonly string[]).includes(word));
  if (wrong.length > 0) throw new OperatorError(`--scopes: there is no ${wrong.join(", ")}; there are ${SCOPES.join(", ")}.`);
  return words as Scope[];
}

async function list(db: Database, mesh: string, revoked: boolean): Promise<void> {
  const keys = await readApiKeys(db, { revoked });
  if (keys.length === 0) return say(`There is no API key of ${mesh}.`);
  const header = ["Id", "Name", "Scopes", "Made", "Last used", "State", "Limits"];
  print(textTable([header, ...keys.map(row)]));
}

function row(key: ApiKeyRecord): string[] {
  const { id, name, scopes, createdAt, lastUsedAt, rate, dailyScans, scansToday } = key;
  const limits = [
    rate === null ? [] : `${rate}/s`,
    dailyScans === null ? [] : `${scansToday} of ${dailyScans} scans today`,
  ].flat();
  return [
    id,
    printable(name),
    scopes.join(","),
    formatMinute(createdAt),
    formatMinute(lastUsedAt) || "never",
    describeState(key),
    limits.join(", ") || "-",
  ];
}

function describeState({ revokedAt, expiresAt }: ApiKeyRecord): string {
  if (revokedAt) return `revoked ${formatMinute(revokedAt)}`;
  if (!expiresAt) return "valid";
  return `${expiresAt.getTime() > Date.now() ? "valid until" : "expired"} ${formatMinute(expiresAt)}`;
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
  .option("--expires <time>", `when it stops working: ${TIME_FORMATS}`)
  .option("--rate <number>", "requests a second that each gateway lets through")
  .option("--daily-scans <number>", "scans a day, on all gateways together")
  .action(create);
program
  .command("list")
  .description("Lists the keys, the newest first; times are UTC.")
  .option("--revoked", "those that are revoked too", false)
  .action(({ revoked }: { revoked: boolean }) => withDatabase((db, { mesh }) => list(db, mesh, revoked)));
program
  .command("revoke")
  .description("Revokes a key.")
  .argument("<id>", "its id, as in the list")
  .action((id: string) => withDatabase((db) => revoke(db, id)));

await runCommand(program, { explain: explainOptions(OPTIONS) });
