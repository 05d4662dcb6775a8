/** `npm run scan -- FILE…`: scans files on the running mesh, or on one started for it. */

import { Command, InvalidArgumentError, Option } from "commander";
import { Speed } from "../schema/classes.js";
import { commaList } from "../schema/settings.js";
import { createGatewayClient } from "./client.js";
import { checkHttpAddress, EXIT, explain, Interrupted, interruptSignal, print, runCommand, say } from "./command.js";
import { readCliConfig, readTerminalConfig, type CliConfig } from "./config.js";
import { createLiveView } from "./live-view.js";
import { exitCode, type FileResult } from "./report.js";
import { connectToMesh, type MeshConnection } from "./running-mesh.js";
import { findFiles, type FoundFiles } from "./find-files.js";
import { gatewayAddress } from "./gateway-address.js";
import { scanFiles, type FileProgress } from "./scan-files.js";
import { createPlainView, createSilentView, describeAdvice, describeCount, printable, type View } from "./view.js";

interface Options {
  readonly url?: string;
  readonly key?: string;
  readonly speed: string;
  readonly internet: boolean;
  readonly engines?: string[];
  readonly deadline?: number;
  readonly json: boolean;
}

async function run(files: readonly string[], options: Options): Promise<number> {
  const signal = interruptSignal();
  const found = await findFiles(files, say, signal);
  const { toSend, unreadable, emptyFolders } = found;
  for (const { file, error } of [...unreadable, ...emptyFolders]) say(`${file === "" ? '""' : printable(file)}: ${error}`);
  if (toSend.length === 0) return finish([], found, options);

  const config = readCliConfig();
  const apiKey = options.key ?? config.apiKey;
  const mesh = await meshFor(options, { ...config, apiKey }, signal);
  const view = createView(options, found.hasFolder ? toSend.length : undefined);
  const client = createGatewayClient(mesh.url, apiKey, (line) => view.notice(printable(line)));
  try {
    await client.check(signal);
    const { engines, deadline, internet } = options;
    const scanOptions = { speed: options.speed, internet, engines, deadline };
    const scans = await scanFiles(client, toSend, scanOptions, view, signal);
    view.close();
    if (signal.aborted) return reportInterrupted(scans, mesh);
    return finish(
      scans.flatMap(({ result }) => result ?? []),
      found,
      options,
    );
  } finally {
    // What was found counts, whatever goes wrong afterwards.
    await mesh.stop().catch((error: unknown) => {
      if (error instanceof Interrupted) throw error;
      say(explain(error));
    });
  }
}

async function meshFor({ url }: Options, config: CliConfig, signal: AbortSignal): Promise<MeshConnection> {
  if (url === undefined) return connectToMesh(config, say, signal);
  checkHttpAddress(url, "--url: ");
  return { url, started: false, stop: async () => {} };
}

function createView({ json }: Options, total: number | undefined): View {
  if (json) return createSilentView(say);
  const { canRedraw, colours } = readTerminalConfig();
  return process.stdout.isTTY && canRedraw ? createLiveView(process.stdout, { total, colours }) : createPlainView(print, total);
}

function finish(results: readonly FileResult[], found: FoundFiles, { json }: Options): number {
  const files = [...results, ...found.unreadable];
  const all = [...files, ...found.emptyFolders];
  if (!json) for (const line of describeAdvice(files)) print(line);
  if (found.hasFolder && !json) print(describeCount(files, found.passedOver));
  if (json) print(JSON.stringify({ files: all.map(({ file, error, report }) => ({ file, ...report, error })) }, null, 2));
  return exitCode(all);
}

/** Leaving does not stop a scan. */
function reportInterrupted(scans: readonly FileProgress[], { url, started }: MeshConnection): number {
  for (const { toSend, accepted, result } of scans) {
    if (result) continue;
    const file = printable(toSend.file);
    if (!accepted) say(`${file}: was not sent`);
    else if (started) say(`${file}: scan ${accepted.scanId} goes on when the mesh runs again (npm run up)`);
    else say(`${file}: scan ${accepted.scanId} goes on: ${gatewayAddress(url, `/api/v1/sample/${accepted.scanId}`)}`);
  }
  return EXIT.interrupted;
}

function parseEngines(text: string): string[] {
  const names = commaList.parse(text);
  if (names.length === 0) throw new InvalidArgumentError("It names no engine.");
  return names;
}

/** The gateway says what is too few or too many. */
function parseSeconds(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError("It is a number of seconds.");
  return Number(text);
}

const speed = new Option("--speed <class>", "slowest class of engines to ask")
  .choices(Object.keys(Speed).map((name) => name.toLowerCase()))
  .default(Speed.ALL.toLowerCase());

const program = new Command("scan")
  .description("Scans files. Exit status: 0 clean, 1 infected or suspicious, 2 inconclusive or an error.")
  .argument("<files...>", "files and folders to scan; - is standard input")
  .addOption(speed)
  .option("--internet", "let engines that can reach the internet take part", false)
  .option("--engines <names>", "ask these engines alone, separated by commas", parseEngines)
  .option("--deadline <seconds>", "when the scan ends at the latest, 10 to 86,400; default: the mesh's setting", parseSeconds)
  .option("--url <url>", "address of the gateway; default: the mesh that runs in SCANMESH_HOME, or one started for the command")
  .option("--key <key>", "API key to show, where the gateway asks for one; default: SCANMESH_API_KEY")
  .option("--json", "print one JSON document at the end", false)
  .action(async (files: string[], options: Options) => {
    process.exitCode = await run(files, { ...options, speed: options.speed.toUpperCase() });
  });

await runCommand(program);
