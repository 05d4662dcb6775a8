/** `npm run scan -- FILE…`: scans files on the running mesh, or on one started for it. */

import { inspect } from "node:util";
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { Speed } from "../schema/classes.js";
import { commaList } from "../schema/settings.js";
import { createGatewayClient } from "./client.js";
import { readCliConfig, type CliConfig } from "./config.js";
import { createLiveView } from "./live-view.js";
import { exitCode, type Outcome } from "./report.js";
import { reachMesh, type ReachedMesh } from "./running-mesh.js";
import { inspectFile, scanFiles, type Progress, type Sendable } from "./scan-files.js";
import { OperatorError } from "../schema/operator-error.js";
import { createPlainView, createSilentView, type View } from "./view.js";

const ERROR = 2;
const INTERRUPTED = 130;

interface Options {
  readonly url?: string;
  readonly key?: string;
  readonly speed: string;
  readonly internet: boolean;
  readonly engines?: string[];
  readonly deadline?: number;
  readonly json: boolean;
}

const say = (line: string) => void process.stderr.write(`${line}\n`);
const print = (line: string) => void process.stdout.write(`${line}\n`);

async function run(files: readonly string[], options: Options): Promise<number> {
  const interrupt = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => interrupt.abort());
  const inspected = await Promise.all(files.map(inspectFile));
  const sendable = inspected.filter((file): file is Sendable => "size" in file);
  const bad = inspected.filter((file): file is Outcome => "error" in file);
  for (const { file, error } of bad) say(`${file}: ${error}`);
  if (sendable.length === 0) return finish([], bad, options);

  const config = readCliConfig();
  const apiKey = options.key ?? config.apiKey;
  const mesh = await meshFor(options, { ...config, apiKey }, interrupt.signal);
  const client = createGatewayClient(mesh.url, apiKey);
  const view = createView(options);
  try {
    await client.check(interrupt.signal);
    const { engines, deadline, internet } = options;
    const asked = { speed: options.speed, internet, engines, deadline };
    const scans = await scanFiles(client, sendable, asked, view, interrupt.signal);
    view.close();
    if (interrupt.signal.aborted) return interrupted(scans, mesh);
    return finish(
      scans.flatMap(({ outcome }) => outcome ?? []),
      bad,
      options,
    );
  } finally {
    await client.close();
    await mesh.stop();
  }
}

async function meshFor({ url }: Options, config: CliConfig, signal: AbortSignal): Promise<ReachedMesh> {
  if (url === undefined) return reachMesh(config, say, signal);
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new OperatorError(`--url: ${url} is not an http address.`);
  return { url, started: false, stop: async () => {} };
}

function createView({ json }: Options): View {
  if (json) return createSilentView();
  return process.stdout.isTTY ? createLiveView(process.stdout) : createPlainView(print);
}

function finish(outcomes: readonly Outcome[], bad: readonly Outcome[], { json }: Options): number {
  const all = [...outcomes, ...bad];
  if (json)
    print(
      JSON.stringify({ files: all.map(({ file, error, report }) => (report ? { file, ...report } : { file, error })) }, null, 2),
    );
  return exitCode(all);
}

/** Leaving does not stop a scan. */
function interrupted(scans: readonly Progress[], { url, started }: ReachedMesh): number {
  for (const { sendable, accepted, outcome } of scans) {
    if (outcome) continue;
    if (!accepted) say(`${sendable.file}: was not sent`);
    else if (started) say(`${sendable.file}: scan ${accepted.scanId} goes on when the mesh runs again (npm run up)`);
    else say(`${sendable.file}: scan ${accepted.scanId} goes on: ${new URL(`/api/v1/sample/${accepted.scanId}`, url).href}`);
  }
  return INTERRUPTED;
}

/** A sentence for what can be put right, everything there is for a fault of ours. */
function explain(error: unknown): string {
  if (error instanceof OperatorError) return error.message;
  return isAbort(error) ? "Interrupted." : inspect(error);
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}

function namesOf(text: string): string[] {
  const names = commaList.parse(text);
  if (names.length === 0) throw new InvalidArgumentError("It names no engine.");
  return names;
}

/** The gateway says what is too few or too many. */
function secondsOf(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError("It is a number of seconds.");
  return Number(text);
}

const speed = new Option("--speed <class>", "slowest class of engines to ask")
  .choices(Object.keys(Speed).map((name) => name.toLowerCase()))
  .default(Speed.ALL.toLowerCase());

const program = new Command("scan")
  .description("Scans files. Exit status: 0 clean, 1 infected or suspicious, 2 inconclusive or an error.")
  .argument("<files...>", "files to scan")
  .addOption(speed)
  .option("--internet", "let engines that can reach the internet take part", false)
  .option("--engines <names>", "ask these engines alone, separated by commas", namesOf)
  .option("--deadline <seconds>", "when the scan ends at the latest, 10 to 86,400; default: the mesh's setting", secondsOf)
  .option("--url <url>", "address of the gateway; default: the mesh that runs in SCANMESH_HOME, or one started for the command")
  .option("--key <key>", "API key to show, where the gateway asks for one; default: SCANMESH_API_KEY")
  .option("--json", "print one JSON document at the end", false)
  .exitOverride()
  .action(async (files: string[], options: Options) => {
    process.exitCode = await run(files, { ...options, speed: options.speed.toUpperCase() });
  });

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : ERROR;
  else {
    say(explain(error));
    process.exitCode = isAbort(error) ? INTERRUPTED : ERROR;
  }
}
