/** `npm run bundle -- publish|list|export|import|keys|trust|distrust`: versions of what engines need. */

import { readFile, stat } from "node:fs/promises";
import { Command } from "commander";
import { MAIN_SET } from "../schema/bundle.js";
import { readPublicKey } from "../schema/bundle-signature.js";
import type { PublishedBundle } from "../schema/bundle-upload.js";
import { OperatorError } from "../schema/operator-error.js";
import { sizeText } from "../schema/settings.js";
import { textTable } from "../schema/text-table.js";
import { findRunningMesh } from "../standalone/home.js";
import { readBundleFile, verifyBundleFile } from "./bundle-file.js";
import { listFolder, readFolderFile, readVersion, type FolderFile } from "./bundle-folder.js";
import { createBundleGateway, type BundleGateway, type ListedBundle } from "./bundle-gateway.js";
import { checkHttpAddress, interruptSignal, print, runCommand, say } from "./command.js";
import { readCliConfig } from "./config.js";
import { fileToSend, type FileToSend } from "./file-source.js";
import { fileError } from "./find-files.js";
import { createProgressBar } from "./progress-bar.js";
import { formatMinute } from "./utc-time.js";
import { printable } from "./view.js";

interface Connection {
  readonly url?: string;
  readonly key?: string;
}

const KIB = 1024;

/** A bar that counts KiB. */
function bytesBar(label: string, total: number): { add(count: number): void; close(): void } {
  const bar = createProgressBar(process.stderr, `${label} (KiB)`, Math.ceil(total / KIB));
  let done = 0;
  return {
    add: (count) => bar.to(Math.floor((done += count) / KIB)),
    close: () => bar.close(),
  };
}

async function connect({ url, key }: Connection): Promise<BundleGateway> {
  const { home, apiKey } = readCliConfig();
  if (url !== undefined) checkHttpAddress(url, "--url: ");
  const address = url ?? (await findRunningMesh(home))?.url;
  if (!address) throw new OperatorError(`No mesh runs in ${home}: start it with npm run up, or name its gateway with --url.`);
  return createBundleGateway(address, key ?? apiKey, (line) => say(printable(line)), interruptSignal());
}

interface PublishOptions extends Connection {
  readonly set: string;
  readonly version?: string;
  readonly date?: string;
  readonly positive?: string;
  readonly force: boolean;
}

async function publish(engine: string, folder: string, options: PublishOptions): Promise<void> {
  const gateway = await connect(options);
  const { paths, passedOver } = await listFolder(folder);
  if (passedOver > 0) say(`${passedOver} hidden files and notes of freshclam are left out.`);
  // First, so that a wrong name fails before the files are read.
  const upload = await gateway.open(engine, options.set);
  const sizes = await Promise.all(paths.map(async (path) => (await stat(`${folder}/${path}`)).size));
  const reading = bytesBar("Reading", sum(sizes));
  const files: FolderFile[] = [];
  for (const path of paths) files.push(await readFolderFile(folder, path, reading.add));
  reading.close();
  const found = await readVersion(files);
  await sendMissing(gateway, upload, files, ({ from }) => fileToSend(from, from));
  report(
    await gateway.publish(upload, {
      version: options.version ?? found.version,
      date: options.date ?? found.date,
      files: files.map(({ path, size, sha256 }) => ({ path, size, sha256 })),
      positive: options.positive ?? null,
      force: options.force,
    }),
    `${engine} ${options.set}`,
  );
}

/** Sends the files that the gateway lacks, or none if there is no room for all of them. */
async function sendMissing<T extends { readonly sha256: string; readonly size: number }>(
  gateway: BundleGateway,
  upload: string,
  files: readonly T[],
  source: (file: T) => FileToSend,
): Promise<void> {
  const missing = await missingOf(gateway, upload, files);
  const sending = bytesBar("Sending", sum(missing.map(({ size }) => size)));
  for (const file of missing) {
    await gateway.send(upload, file.sha256, source(file));
    sending.add(file.size);
  }
  sending.close();
}

async function missingOf<T extends { readonly sha256: string; readonly size: number }>(
  gateway: BundleGateway,
  upload: string,
  files: readonly T[],
): Promise<T[]> {
  const { files: there, room } = await gateway.state(upload);
  const known = new Set(there);
  const missing = [...new Map(files.map((file) => [file.sha256, file])).values()].filter(({ sha256 }) => !known.has(sha256));
  const needed = sum(missing.map(({ size }) => size));
  if (needed <= room) return missing;
  throw new OperatorError(
    `These files need ${sizeText(needed)}, and the mesh has room for ${sizeText(room)}: nothing was sent. Remove bundles, or raise SCANMESH_BUNDLES_MAX.`,
  );
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

function report({ sequence, digest, known }: PublishedBundle, of: string): void {
  say(known ? `The mesh has this already: bundle ${sequence} of ${of}.` : `Published as bundle ${sequence} of ${of}.`);
  print(digest);
}

async function list(options: Connection & { engine?: string; set?: string }): Promise<void> {
  const found = await (await connect(options)).list({ engine: options.engine, set: options.set });
  if (found.length === 0) return say("There is no bundle.");
  const head = ["Engine", "Set", "Nr.", "Version", "Of", "Size", "Files", "Published", "Source"];
  print(textTable([head, ...found.map(row)]));
}

function row({ engine, set, sequence, version, date, size, fileCount, createdAt, source }: ListedBundle): string[] {
  const of = date === null ? "" : formatMinute(new Date(date));
  const published = formatMinute(new Date(createdAt));
  return [
    engine,
    set,
    String(sequence),
    printable(version ?? ""),
    of,
    sizeText(size),
    String(fileCount),
    published,
    printable(source),
  ];
}

interface ExportOptions extends Connection {
  readonly set: string;
  readonly sequence?: string;
}

async function exportTo(file: string, engine: string, options: ExportOptions): Promise<void> {
  if (
    await stat(file).then(
      () => true,
      () => false,
    )
  )
    throw new OperatorError(`${file} is there already: name another file.`);
  const gateway = await connect(options);
  const bundles = await gateway.list({ engine, set: options.set });
  const bundle = bundles.find(({ sequence }) => options.sequence === undefined || String(sequence) === options.sequence);
  if (!bundle)
    throw new OperatorError(
      `There is no bundle ${options.sequence ?? ""} of ${engine} ${options.set}: npm run bundle -- list shows them.`,
    );
  let bar: ReturnType<typeof createProgressBar> | undefined;
  await gateway.export(bundle.digest, file, (done, total) => {
    bar ??= createProgressBar(process.stderr, "Exporting (KiB)", Math.ceil(total / KIB));
    bar.to(Math.floor(done / KIB));
  });
  bar?.close();
  const own = (await gateway.keys()).find(({ isOwn }) => isOwn);
  say(`${file} has bundle ${bundle.sequence} of ${bundle.engine} ${bundle.set}, signed by ${own?.fingerprint ?? "this mesh"}.`);
}

async function importFrom(file: string, options: Connection & { force: boolean }): Promise<void> {
  const gateway = await connect(options);
  const { size } = await stat(file).catch((error: unknown) => {
    throw new OperatorError(`${file}: ${fileError(error)}`, { cause: error });
  });
  const checking = bytesBar("Checking", size);
  const { manifest, bytes, signature, fingerprint } = await verifyBundleFile(file, await gateway.keys(), checking.add);
  checking.close();
  const upload = await gateway.open(manifest.engine, manifest.set);
  const missing = new Set((await missingOf(gateway, upload, manifest.files)).map(({ sha256 }) => sha256));
  const sending = bytesBar("Sending", sum(manifest.files.filter(({ sha256 }) => missing.has(sha256)).map((one) => one.size)));
  await readBundleFile(file, async (sha256, length, pieces) => {
    if (!missing.has(sha256)) for await (const piece of pieces) void piece;
    else {
      const open = async () => ({ length, bytes: pieces, mayPause: false, close: async () => {} });
      await gateway.send(upload, sha256, { file, name: sha256, open });
      sending.add(length);
    }
  });
  sending.close();
  const signed = { manifest: bytes.toString("base64"), signature: signature.signature };
  report(await gateway.publish(upload, { signed, force: options.force }), `${manifest.engine} ${manifest.set}`);
  say(`It was signed by ${fingerprint}.`);
}

async function keys(options: Connection): Promise<void> {
  const found = await (await connect(options)).keys();
  if (found.length === 0)
    return say("No key is known: the gateway has none of its own (SCANMESH_BUNDLE_KEY), and trusts no other.");
  for (const { name, fingerprint, publicKey } of found) print(`${printable(name)}  ${fingerprint}\n  ${publicKey}`);
}

async function trust(key: string, options: Connection & { name: string }): Promise<void> {
  const text = readPublicKey(key) === undefined ? await readText(key) : key;
  const { name, fingerprint } = await (await connect(options)).trust(text, options.name);
  say(`Bundles of ${printable(name)} are taken from now on. See that its own \`npm run bundle -- keys\` shows the same there:`);
  print(fingerprint);
}

async function readText(file: string): Promise<string> {
  return readFile(file, "utf8").catch((error: unknown) => {
    throw new OperatorError(`${file} is no public key, and no file with one: ${fileError(error)}`, { cause: error });
  });
}

async function distrust(fingerprint: string, options: Connection): Promise<void> {
  const { name } = await (await connect(options)).distrust(fingerprint);
  say(`Bundles of ${printable(name)} are taken no more.`);
}

const program = new Command("bundle").description("Versions of what engines need: signatures, rules, images.");
const command = (name: string, about: string) =>
  program
    .command(name)
    .description(about)
    .option("--url <url>", "address of the gateway; default: the mesh that runs in SCANMESH_HOME")
    .option("--key <key>", "API key with the scope admin, where the gateway asks for one; default: SCANMESH_API_KEY");

command("publish", "Publishes a folder as the newest bundle of an engine's set.")
  .argument("<engine>", "the engine that reads it")
  .argument("<folder>", "its files, and those of its folders")
  .option("--set <name>", "the set", MAIN_SET)
  .option("--version <text>", "its version; default: what ClamAV's databases say")
  .option("--date <time>", "when it was made, as in 2026-11-30T12:00:00Z; default: what ClamAV's databases say")
  .option("--positive <path>", "a file in it in which the engine must find something, besides EICAR")
  .option("--force", "even if it is older than what there is", false)
  .action(publish);
command("list", "Lists the bundles, the newest first; times are UTC.")
  .option("--engine <name>", "those of this engine")
  .option("--set <name>", "those of this set")
  .action(list);
command("export", "Writes a bundle into a file, for a mesh that trusts the key of this one.")
  .argument("<file>", "the file to write")
  .argument("<engine>", "its engine")
  .option("--set <name>", "its set", MAIN_SET)
  .option("--sequence <number>", "which; default: the newest")
  .action(exportTo);
command("import", "Publishes a bundle that another mesh has exported, and whose key is trusted.")
  .argument("<file>", "the exported bundle")
  .option("--force", "even if it is older than what there is", false)
  .action(importFrom);
command("keys", "Shows the key of this mesh, and those of others that it trusts.").action(keys);
command("trust", "Takes the bundles of another mesh from now on.")
  .argument("<key>", "its public key as `keys` shows it there, or a file with it (PEM)")
  .option("--name <name>", "what to call that mesh", "another mesh")
  .action(trust);
command("distrust", "Takes no more bundles of another mesh.").argument("<fingerprint>", "of its key").action(distrust);

await runCommand(program);
