/** `npm run updates -- list|start|rollback|skip-canary|pause|resume`: updates of engines, for whoever may write to the mesh's database. */

import { setTimeout as pause } from "node:timers/promises";
import { Command } from "commander";
import type { Database } from "../gateway/db/database.js";
import { readUpdateHosts } from "../gateway/db/engine-update-hosts.js";
import { OPEN_STATES, readUpdate, type NamedBundle, type UpdateRecord } from "../gateway/db/engine-updates.js";
import { readGateways } from "../gateway/db/gateways.js";
import type { UpdateSetRecord } from "../gateway/db/update-sets.js";
import { pauseUpdates, resumeUpdates } from "../gateway/updates/policies.js";
import { rollbackEngine, skipCanary } from "../gateway/updates/steer-updates.js";
import { updateEngines } from "../gateway/updates/update-engines.js";
import { readUpdateSets } from "../gateway/updates/update-sets.js";
import { OperatorError } from "../schema/operator-error.js";
import { textTable } from "../schema/text-table.js";
import { print, runCommand, say } from "./command.js";
import { parseExpiry, TIME_FORMATS } from "./expiry.js";
import { COMMAND_LINE, withDatabase } from "./mesh-database.js";
import { explainOptions } from "./option-mistakes.js";
import { formatMinute } from "./utc-time.js";
import { printable } from "./view.js";

const LOOK_MS = 400;
/** Which agents are there is known to gateways alone. */
const NO_FLEET = { agents: () => [] };

interface StartOptions {
  readonly set?: string;
  readonly bundle?: string;
  readonly skipCanary: boolean;
  readonly wait: boolean;
}

/** How the command ends, besides in order: scripts may tell one from the other. */
const ENDED = { notUpdated: 1, held: 3 } as const;

async function list(db: Database, mesh: string, watches: boolean): Promise<void> {
  let shown = "";
  do {
    const sets = await readUpdateSets({ db, fleet: NO_FLEET });
    const known = sets.filter(({ newest, serves, check, update }) => newest ?? serves ?? check ?? update);
    if (known.length === 0 && !watches) return say(`No engine of ${mesh} has a bundle: each is updated by its hosts.`);
    const rows = await Promise.all(known.map((set) => row(db, set)));
    const table = textTable([["Engine", "Set", "Serves", "Newest", "State", "Hosts", "Checked", "Next check"], ...rows]);
    if (table !== shown) print(shown === "" ? table : `\n${table}`);
    shown = table;
    if (watches) await pause(LOOK_MS);
  } while (watches);
}

async function row(db: Database, one: UpdateSetRecord): Promise<string[]> {
  const { engine, set, serves, newest, update, policy, check } = one;
  const paused = policy.pausedUntil ? `paused until ${formatMinute(policy.pausedUntil)}` : "paused";
  const state = update ? `${update.state.toLowerCase()}${waitsOf(update)}` : policy.isPaused ? paused : "-";
  const checked = check?.checkedAt ? formatMinute(check.checkedAt) : "never";
  const trouble = check && ["BLOCKED", "FAILED"].includes(check.state) ? ` (${check.state.toLowerCase()})` : "";
  return [
    engine,
    set,
    nameOf(serves),
    newest ? nameOf(newest) : "none",
    state,
    update ? await countHosts(db, update) : "-",
    check ? `${checked}${trouble}` : "-",
    check ? formatMinute(check.nextAt) : "-",
  ];
}

async function countHosts(db: Database, { id }: UpdateRecord): Promise<string> {
  const hosts = await readUpdateHosts(db, [id]);
  const serving = hosts.filter(({ state }) => ["SERVING", "CANARY", "HELD"].includes(state)).length;
  return `${serving} of ${hosts.length}`;
}

function nameOf(bundle: NamedBundle | null): string {
  return bundle ? printable(bundle.version ?? `bundle ${bundle.sequence}`) : "the hosts' own";
}

async function start(engines: readonly string[], { set, bundle, skipCanary: skips, wait }: StartOptions): Promise<void> {
  if (bundle !== undefined && engines.length !== 1) throw new OperatorError("--bundle: needs one engine, of which it is.");
  await withDatabase(async (db, { mesh }) => {
    const named = engines.length === 0 ? undefined : engines;
    const answer = await updateEngines({ db }, COMMAND_LINE, { engines: named, set, digest: bundle, skipCanary: skips });
    for (const { message } of answer.refused) say(message);
    for (const engine of answer.asked) say(`A fetcher looks for something newer of ${engine} now.`);
    for (const update of answer.updates) say(`${wayOf(update)} begins.`);
    if (wait) await follow(db, mesh, answer.updates);
    if (answer.updates.length === 0 && answer.asked.length === 0) process.exitCode = ENDED.notUpdated;
  });
}

function wayOf({ engine, set, fromBundle, toBundle }: UpdateRecord): string {
  return `${engine} (${set}): ${nameOf(fromBundle)} → ${nameOf(toBundle)}`;
}

/** Says what changes, and what is waited for, until the updates are over, or held. */
async function follow(db: Database, mesh: string, updates: readonly UpdateRecord[]): Promise<void> {
  if (updates.length === 0) return;
  if ((await readGateways(db)).length === 0)
    throw new OperatorError(`No gateway of ${mesh} runs, and it takes one to update engines: it begins when one does.`);
  say("A gateway does it: Ctrl-C here does not stop it, and --no-wait does not wait for it.");
  const told = new Map<string, string>();
  const tell = (key: string, text: string, news = text) => {
    if (told.get(key) !== news) say(text);
    told.set(key, news);
  };
  for (let open = updates.map(({ id }) => id); open.length > 0; await pause(LOOK_MS)) {
    const now = (await Promise.all(open.map((id) => readUpdate(db, id)))).filter((update) => update !== undefined);
    // After their updates: how an update that is over has ended on its hosts.
    for (const { updateId, agent, state, reason } of await readUpdateHosts(db, open))
      tell(`${updateId} ${agent}`, `  ${agent}: ${state.toLowerCase()}${reason === null ? "" : ` (${printable(reason)})`}`);
    for (const update of now) {
      const text = `${wayOf(update)}: ${update.state.toLowerCase()}${waitsOf(update)}${reasonOf(update)}`;
      // The last number counts the first host's scans. Without its last digit, a line is printed for every ten of them.
      tell(String(update.id), text, text.replace(/\d(?=; at the latest)/, ""));
    }
    if (now.some(({ state }) => state === "ROLLED_BACK" || state === "CANCELLED")) process.exitCode = ENDED.notUpdated;
    const held = now.filter(({ state }) => state === "HELD");
    for (const { id, engine, set } of held)
      say(`Let it go on with "npm run updates -- skip-canary ${id}", or give it up with "rollback ${engine} --set ${set}".`);
    if (held.length > 0) process.exitCode ??= ENDED.held;
    open = now.flatMap((update) => (isGoingOn(update) ? [update.id] : []));
  }
}

/** What an update waits for, besides its hosts. */
function waitsOf({ waitsFor, waitsUntil }: UpdateRecord): string {
  if (waitsFor === null) return "";
  return `, waits for ${printable(waitsFor)}${waitsUntil === null ? "" : `; at the latest until ${formatMinute(waitsUntil)} UTC`}`;
}

function reasonOf({ reason }: UpdateRecord): string {
  return reason === null ? "" : `: ${printable(reason)}`;
}

function isGoingOn({ state }: UpdateRecord): boolean {
  return state !== "HELD" && (OPEN_STATES as readonly string[]).includes(state);
}

async function back(engine: string, set: string, wait: boolean): Promise<void> {
  await withDatabase(async (db, { mesh }) => {
    const update = await rollbackEngine({ db }, COMMAND_LINE, engine, set);
    if (update.state === "ROLLED_BACK") return say(`${wayOf(update)} is given up: hosts go back to what they served before.`);
    say(`${wayOf(update)} begins.`);
    if (wait) await follow(db, mesh, [update]);
  });
}

async function skip(db: Database, id: string): Promise<void> {
  if (!/^[1-9]\d{0,14}$/.test(id)) throw new OperatorError(`${id} is no id of an update.`);
  const update = await skipCanary({ db }, COMMAND_LINE, Number(id));
  say(`${wayOf(update)} goes on to all hosts.`);
}

async function hold(engines: readonly string[], set: string | undefined, until: string | undefined): Promise<void> {
  const end = until === undefined ? null : parseExpiry(until);
  const paused = { engines: engines.length === 0 ? undefined : engines, set };
  await withDatabase(async (db) => {
    const names = await pauseUpdates({ db }, COMMAND_LINE, paused, end);
    say(`Updates of ${names.join(", ")} are paused until ${end ? `${formatMinute(end)} UTC` : "they are resumed"}.`);
  });
}

async function resume(engines: readonly string[], set: string | undefined): Promise<void> {
  const paused = { engines: engines.length === 0 ? undefined : engines, set };
  await withDatabase(async (db) => say(`Updates of ${(await resumeUpdates({ db }, COMMAND_LINE, paused)).join(", ")} go on.`));
}

/** What inputs of the verbs are called here. */
const OPTIONS: Readonly<Record<string, string>> = { set: "--set", bundle: "--bundle", until: "--until", engine: "<engine>" };

const program = new Command("updates").description(
  "Updates of engines, host by host. It works on DATABASE_URL, or on the database of npm run up.",
);
program
  .command("list")
  .description("Lists the sets of engines: what they serve, the newest bundle, and how far an update is; times are UTC.")
  .option("--watch", "shows it again after each change", false)
  .action(({ watch }: { watch: boolean }) => withDatabase((db, { mesh }) => list(db, mesh, watch)));
program
  .command("start")
  .description(
    "Updates engines to their newest bundles now, and says how it goes. It ends with 0 when all are done, 1 if one was rolled back, was replaced, or did not begin, 3 if one is held.",
  )
  .argument("[engines...]", "their names; without any every engine of which there is a bundle")
  .option("--set <name>", "one of their sets")
  .option("--bundle <digest>", "the bundle to serve, of one engine")
  .option("--skip-canary", "all hosts follow without a first one", false)
  .option("--no-wait", "does not wait until it is over")
  .action(start);
program
  .command("rollback")
  .description("Has an engine serve the bundle before.")
  .argument("<engine>", "its name")
  .option("--set <name>", "the set", "main")
  .option("--no-wait", "does not wait until it is over")
  .action((engine: string, { set, wait }: { set: string; wait: boolean }) => back(engine, set, wait));
program
  .command("skip-canary")
  .description("Lets an update go on to all hosts that waits for its first one, or is held.")
  .argument("<id>", "its id, as GraphQL and the dashboard show it")
  .action((id: string) => withDatabase((db) => skip(db, id)));
program
  .command("pause")
  .description("Begins no update, and lets no further host follow.")
  .argument("[engines...]", "their names; without any all")
  .option("--set <name>", "one of their sets")
  .option("--until <time>", `when updates go on by themselves: ${TIME_FORMATS}; without it when they are resumed`)
  .action((engines: string[], { set, until }: { set?: string; until?: string }) => hold(engines, set, until));
program
  .command("resume")
  .description("Lets updates begin and go on again.")
  .argument("[engines...]", "their names; without any all")
  .option("--set <name>", "one of their sets")
  .action((engines: string[], { set }: { set?: string }) => resume(engines, set));

await runCommand(program, { explain: explainOptions(OPTIONS) });
