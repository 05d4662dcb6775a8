/** `npm run signatures -- suppress|list|lift`: signatures that count for nothing, for whoever may write to the mesh's database. */

import { Command } from "commander";
import type { Database } from "../gateway/db/database.js";
import { listSuppressions, type SuppressionRecord } from "../gateway/db/suppressions.js";
import { liftSuppression, suppressSignature } from "../gateway/scan/suppressions.js";
import { OperatorError } from "../schema/operator-error.js";
import { SUPPRESSION_LIMITS } from "../schema/suppressed.js";
import { textTable } from "../schema/text-table.js";
import { print, runCommand, say } from "./command.js";
import { parseExpiry, TIME_FORMATS } from "./expiry.js";
import { COMMAND_LINE, withDatabase } from "./mesh-database.js";
import { explainOptions } from "./option-mistakes.js";
import { formatMinute } from "./utc-time.js";
import { printable } from "./view.js";

interface SuppressOptions {
  readonly engine?: string;
  readonly reason: string;
  readonly expires?: string;
}

async function suppress(signature: string, { engine, reason, expires }: SuppressOptions): Promise<void> {
  const expiresAt = expires === undefined ? null : parseExpiry(expires);
  await withDatabase(async (db) => {
    const made = await suppressSignature({ db }, COMMAND_LINE, { signature, engine: engine ?? null, reason, expiresAt });
    const until = made.expiresAt ? ` until ${formatMinute(made.expiresAt)} UTC` : "";
    say(`${printable(made.signature)} of ${nameOf(made)} counts for nothing in new results${until}. Its id is ${made.id}.`);
  });
}

function nameOf({ engine }: SuppressionRecord): string {
  return engine ?? "every engine";
}

async function list(db: Database, mesh: string, ended: boolean): Promise<void> {
  const limit = ended ? 10 * SUPPRESSION_LIMITS.live : SUPPRESSION_LIMITS.live;
  const found = await listSuppressions(db, { ended, after: undefined, limit });
  if (found.length === 0) return say(`No signature of ${mesh} is suppressed.`);
  print(textTable([["Id", "Signature", "Engine", "Since", "State", "Reason"], ...found.map(row)]));
}

function row(one: SuppressionRecord): string[] {
  const { id, signature, createdAt, expiresAt, endedAt, reason } = one;
  const holds = expiresAt ? `until ${formatMinute(expiresAt)}` : "holds";
  const state = endedAt ? `ended ${formatMinute(endedAt)}` : holds;
  return [String(id), printable(signature), nameOf(one), formatMinute(createdAt), state, printable(reason)];
}

async function lift(db: Database, id: string): Promise<void> {
  if (!/^[1-9]\d{0,14}$/.test(id)) throw new OperatorError(`${id} is no id: npm run signatures -- list shows them.`);
  const lifted = await liftSuppression({ db }, COMMAND_LINE, Number(id));
  say(`${printable(lifted.signature)} of ${nameOf(lifted)} counts again in new results.`);
}

/** What the input of {@link suppressSignature} is called here. */
const OPTIONS: Readonly<Record<string, string>> = {
  signature: "<name>",
  engine: "--engine",
  reason: "--reason",
  expiresAt: "--expires",
};

const program = new Command("signatures").description(
  "Signatures that count for nothing. It works on DATABASE_URL, or on the database of npm run up.",
);
program
  .command("suppress")
  .description("Makes a signature count for nothing, on every host within seconds; again: with another reason or expiry.")
  .argument("<name>", "the signature, as reports show it")
  .requiredOption("--reason <text>", "why, for whoever reads a report")
  .option("--engine <name>", "the engine whose signature it is; without it every engine's of that name")
  .option("--expires <time>", `when it counts again: ${TIME_FORMATS}; without it never`)
  .action(suppress);
program
  .command("list")
  .description("Lists the suppressed signatures, the newest first; times are UTC.")
  .option("--ended", "those that count again, too", false)
  .action(({ ended }: { ended: boolean }) => withDatabase((db, { mesh }) => list(db, mesh, ended)));
program
  .command("lift")
  .description("Lets a signature count again.")
  .argument("<id>", "its id, as in the list")
  .action((id: string) => withDatabase((db) => lift(db, id)));

await runCommand(program, { explain: explainOptions(OPTIONS) });
