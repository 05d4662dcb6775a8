/** `npm run rulesets -- create|list|check|try|matches|enable|rollback|cancel|delete`: rules of people, checked and tried before hosts serve them. */

import { stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Command, InvalidArgumentError } from "commander";
import { OperatorError } from "../schema/operator-error.js";
import { RULES_ENGINE } from "../schema/rule-job.js";
import { findRunningMesh } from "../standalone/home.js";
import { listFolder, readFolderFile, type FolderFile } from "./bundle-folder.js";
import { createBundleGateway, type BundleGateway } from "./bundle-gateway.js";
import { checkHttpAddress, interruptSignal, runCommand, say } from "./command.js";
import { readCliConfig } from "./config.js";
import { fileToSend } from "./file-source.js";
import { fileError } from "./find-files.js";
import { createProgressBar } from "./progress-bar.js";
import {
  createRulesetGateway,
  type CheckedVersion,
  type ListedJob,
  type ListedVersion,
  type RulesetGateway,
} from "./ruleset-gateway.js";
import { isOver, printVersions, showCheck, showTried } from "./ruleset-view.js";
import { printable } from "./view.js";

interface Connection {
  readonly url?: string;
  readonly key?: string;
}

interface Gateways {
  readonly rulesets: RulesetGateway;
  readonly bundles: BundleGateway;
  readonly signal: AbortSignal;
}

const LOOK_MS = 500;

async function connect({ url, key }: Connection): Promise<Gateways> {
  const { home, apiKey } = readCliConfig();
  if (url !== undefined) checkHttpAddress(url, "--url: ");
  const address = url ?? (await findRunningMesh(home))?.url;
  if (!address) throw new OperatorError(`No mesh runs in ${home}: start it with npm run up, or name its gateway with --url.`);
  const signal = interruptSignal();
  const parts = [address, key ?? apiKey, (line: string) => say(printable(line)), signal] as const;
  return { rulesets: createRulesetGateway(...parts), bundles: createBundleGateway(...parts), signal };
}

interface CreateOptions extends Connection {
  readonly engine: string;
  readonly comment: string;
}

async function create(name: string, paths: readonly string[], options: CreateOptions): Promise<void> {
  const { rulesets, bundles, signal } = await connect(options);
  const files = await findRules(paths);
  const upload = await rulesets.open({ engine: options.engine, name, comment: options.comment });
  const { files: there } = await bundles.state(upload);
  for (const file of files)
    if (!there.includes(file.sha256)) await bundles.send(upload, file.sha256, fileToSend(file.from, file.from));
  const sent = files.map(({ path, size, sha256 }) => ({ path, size, sha256 }));
  const { id, sequence, known } = await bundles.publish(upload, { files: sent });
  say(known ? `The same files are ${name}@${sequence} already.` : `${name}@${sequence} is sent.`);
  await awaitCheck(rulesets, id, signal);
}

/** Files by their names, and folders with all that is in them. */
async function findRules(paths: readonly string[]): Promise<FolderFile[]> {
  const files: FolderFile[] = [];
  for (const path of paths) {
    const found = await stat(path).catch((error: unknown) => {
      throw new OperatorError(`${path}: ${fileError(error)}`, { cause: error });
    });
    const [folder, names] = found.isDirectory() ? [path, (await listFolder(path)).paths] : [dirname(path), [basename(path)]];
    for (const name of names) files.push(await readFolderFile(folder, name, () => undefined));
  }
  return files;
}

async function awaitCheck(rulesets: RulesetGateway, id: string, signal: AbortSignal): Promise<void> {
  showCheck((await follow(rulesets, id, "check", "Checking (files)", signal)).version);
}

/** Shows how far a job is, until it is over. */
async function follow(
  rulesets: RulesetGateway,
  id: string,
  which: "check" | "tried",
  label: string,
  signal: AbortSignal,
): Promise<{ version: CheckedVersion; job: ListedJob | null }> {
  let bar: { to(done: number): void; close(): void } | undefined;
  let told: string | null = null;
  try {
    for (;;) {
      const version = await rulesets.version(id);
      const job = version[which];
      if (!job || isOver(job)) {
        if (job) bar?.to(job.done);
        return { version, job };
      }
      if (job.reason !== null && job.reason !== told) say(printable(job.reason));
      told = job.reason;
      if (job.total > 1) bar ??= createProgressBar(process.stderr, label, job.total);
      bar?.to(job.done);
      await pause(LOOK_MS, undefined, { signal });
    }
  } finally {
    bar?.close();
  }
}

async function tryIt(
  which: string,
  { last, detach, ...connection }: Connection & { last: number; detach: boolean },
): Promise<void> {
  const { rulesets, signal } = await connect(connection);
  const { id } = await findVersion(rulesets, which);
  await rulesets.change("tryRuleset", id, last);
  if (detach) return;
  say("A host does it: Ctrl-C here does not stop it, cancel does.");
  const { job } = await follow(rulesets, id, "tried", "Trying (samples)", signal);
  await showTried(rulesets, id, job);
}

async function list(connection: Connection): Promise<void> {
  const { rulesets } = await connect(connection);
  const all = await rulesets.list();
  if (all.length === 0) return say("There is no ruleset: npm run rulesets -- create NAME FILES sends one.");
  printVersions(all);
}

/** `name`, or `name@number`; without a number the newest. */
async function findVersion(rulesets: RulesetGateway, which: string): Promise<ListedVersion> {
  const [name = "", number] = which.split("@");
  const found = (await rulesets.list()).filter((one) => one.name === name);
  if (found.length > 1) throw new OperatorError(`Several engines have a ruleset ${name}: use GraphQL, or the dashboard.`);
  const version = found[0]?.versions.find((one) => number === undefined || String(one.number) === number);
  if (version) return version;
  throw new OperatorError(found[0] ? `${name} has no version ${number}.` : `There is no ruleset ${name}: list shows all.`);
}

async function act(which: string, connection: Connection, verb: (gateways: Gateways, version: ListedVersion) => Promise<void>) {
  const gateways = await connect(connection);
  await verb(gateways, await findVersion(gateways.rulesets, which));
}

function parseCount(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError("It needs a number.");
  return Number(text);
}

const program = new Command("rulesets").description(
  "Rules of your own: checked on a host, tried against stored samples, then enabled. VERSION is a name, or a name and a number as own@2.",
);
const command = (name: string, about: string) =>
  program
    .command(name)
    .description(about)
    .option("--url <url>", "address of the gateway; default: the mesh that runs in SCANMESH_HOME")
    .option(
      "--key <key>",
      "API key with the scopes fleet:write and scan:read, where one is asked for; default: SCANMESH_API_KEY",
    );

command("create", "Sends files and folders as a new version, has a host check it, and says what is wrong with it.")
  .argument("<name>", "the ruleset")
  .argument("<paths...>", "files that end in .yar or .yara, and what they include; or a folder")
  .option("--engine <name>", "the engine", RULES_ENGINE)
  .option("--comment <text>", "what you say of it", "")
  .action(create);
command("list", "Lists all versions; times are UTC.").action(list);
command("check", "Has a host check a version once more, and says what is wrong with it.")
  .argument("<version>", "the version")
  .action((which: string, connection: Connection) =>
    act(which, connection, async ({ rulesets, signal }, { id }) => {
      await rulesets.change("checkRuleset", id);
      await awaitCheck(rulesets, id, signal);
    }),
  );
command("try", "Says which stored samples a version would have matched.")
  .argument("<version>", "the version")
  .option("--last <number>", "how many of the newest samples", parseCount, 1_000)
  .option("--detach", "does not wait until it is over", false)
  .action(tryIt);
command("matches", "Shows again what came of the last try of a version.")
  .argument("<version>", "the version")
  .action((which: string, connection: Connection) =>
    act(which, connection, ({ rulesets }, { id, tried }) => showTried(rulesets, id, tried)),
  );
command("enable", "Has all hosts serve a version, one first and then the others.")
  .argument("<version>", "the version")
  .option("--skip-canary", "all hosts follow without a first one", false)
  .action((which: string, { skipCanary, ...connection }: Connection & { skipCanary: boolean }) =>
    act(which, connection, async ({ rulesets }, { id, name, number }) => {
      await rulesets.enable(id, skipCanary);
      say(`Hosts begin to serve ${name}@${number}: npm run updates -- list --watch shows how far they are.`);
    }),
  );
command("rollback", "Has all hosts serve what they served before.")
  .argument("<name>", "the ruleset")
  .action((which: string, connection: Connection) =>
    act(which, connection, async ({ rulesets }, { engine, name }) => {
      await rulesets.rollback(engine, name);
      say(`Hosts go back from ${name}: npm run updates -- list --watch shows how far they are.`);
    }),
  );
command("cancel", "Ends what is under way with a version: its check, its try, or both.")
  .argument("<version>", "the version")
  .action((which: string, connection: Connection) =>
    act(which, connection, async ({ rulesets }, { id, name, number }) => {
      await rulesets.change("cancelRuleset", id);
      say(`${name}@${number}: cancelled.`);
    }),
  );
command("delete", "Forgets a version that no host serves.")
  .argument("<version>", "the version")
  .action((which: string, connection: Connection) =>
    act(which, connection, async ({ rulesets }, { id, name, number }) => {
      await rulesets.change("deleteRuleset", id);
      say(`${name}@${number} is deleted.`);
    }),
  );

await runCommand(program);
