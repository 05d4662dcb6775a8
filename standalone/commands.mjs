/** The commands behind the npm scripts: each prepares what it needs on this machine, then runs the program itself. */

import { existsSync, realpathSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { dirname, join, resolve } from "node:path";
import { FAILED, ignoreLostOutput } from "./exit-status.mjs";
import { buildTestProgram, ensureBuild, ensureDependencies } from "./install.mjs";
import { ensurePartsNode } from "./newer-node.mjs";
import { ensurePrograms, fetchSignatures } from "./packages.mjs";
import { ROOT } from "./pages.mjs";
import { createProgress } from "./progress.mjs";
import { Refusal, runGroup } from "./run.mjs";

/** Those that run until they are told to stop, whether or not somebody reads what they say. */
const LASTING = new Set(["up", "gateway", "agent"]);

/** Programs in `dist` that need nothing but the dependencies. */
const PROGRAMS = new Map([
  ["scan", "cli/scan.js"],
  ["keys", "cli/keys.js"],
  ["api-keys", "cli/api-keys.js"],
  ["hosts", "cli/hosts.js"],
  ["signatures", "cli/signatures.js"],
  ["updates", "cli/updates.js"],
  ["rulesets", "cli/rulesets.js"],
  ["bundle", "cli/bundle.js"],
  ["gateway", "gateway/main.js"],
  ["agent", "scanner-agent/main.js"],
  ["import-multiav", "cli/import-multiav.js"],
  ["conformance", "cli/conformance.js"],
  ["capacity", "cli/capacity.js"],
]);

const WITH_CLAMAV = "--with-clamav";
const LISTEN = "--listen";
const UP_USAGE = `Usage: npm run up [-- ${WITH_CLAMAV}] [${LISTEN} ADDRESS]

Starts the whole mesh on this machine, until Ctrl-C; the data stays in .scanmesh (SCANMESH_HOME).

  ${WITH_CLAMAV}     installs ClamAV and fetches its signatures, if they are not there yet
  ${LISTEN} ADDRESS  lets other hosts reach it at an address of this machine, encrypted and with API keys (0.0.0.0: at all)
  --help            shows this

Settings are environment variables, such as PORT or SCANMESH_HOME: docs/run/settings.md lists them.`;

/** Those of the benchmarks, which are compiled with them. */
const BENCHMARKS = new Map([
  ["bench", "main.js"],
  ["bench:fill", "fill-main.js"],
  ["bench:streams", "streams-main.js"],
]);

/** Breaks a mesh; compiled with its cases. */
const FAULTS = "faults";

/** Pictures of the dashboard, made by the tests' own means. */
const SCREENSHOTS = "screenshots";
const SCREENSHOTS_USAGE = `Usage: npm run screenshots [-- FOLDER [NAME …]]

Makes pictures of the screens of the dashboard, light and dark, wide and 390 px wide, over a history that it makes up: of all,
or of those with the names, such as home. They are written into FOLDER, by default docs/pictures.`;

/** What the mesh tests run against. */
const TEST_PROGRAMS = [
  "nats-server",
  "clamd",
  "sigtool",
  "freshclam",
  "clamav-testfiles",
  "ssdeep",
  "exiftool",
  "file",
  "dockerd",
  "podman",
  "catatonit",
  "docker-compose",
  "debootstrap",
  "ip",
  "systemd-analyze",
  "chromium-headless-shell",
  "curl",
  "python3-requests",
  "gpg",
  "openssl",
  "qpdf",
  "git",
];

/** Those that may run a gateway: it serves pages. */
const WITH_PAGES = new Set(["bench/test/bench/main.js", "standalone/main.js", "cli/scan.js", "gateway/main.js"]);

/**
 * Runs a command and ends this process as it ends, unless the program goes on in it.
 * @param {string} command
 * @param {string[]} args
 */
export async function runCommand(command, args) {
  if (LASTING.has(command)) ignoreLostOutput();
  // A program's own output may be read by another program; what is told here goes beside it.
  const progress = createProgress(command === "up" ? process.stdout : process.stderr);
  try {
    returnToUser();
    if (process.platform === "win32") throw new Refusal("ScanMesh runs on Linux and macOS; on Windows, run it in WSL.");
    const program = PROGRAMS.get(command);
    const benchmark = BENCHMARKS.get(command);
    if (command === "up") await up(args, progress);
    else if (command === "test") await test(args, progress);
    else if (command === "test:unit") await runTests(["--project", "unit", ...args], progress);
    else if (command === "check") await check(progress);
    else if (command === FAULTS) await faults(args, progress);
    else if (command === SCREENSHOTS) await screenshots(args, progress);
    else if (benchmark !== undefined) await bench(benchmark, args, progress);
    else if (program !== undefined) await runProgram(program, args, progress);
    else
      throw new Refusal(
        `There is no command ${JSON.stringify(command)}; there are up, test, test:unit, check, ${[FAULTS, SCREENSHOTS, ...BENCHMARKS.keys(), ...PROGRAMS.keys()].join(", ")}.`,
      );
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    process.stderr.write(`\n${error.message}\n`);
    process.exit(FAILED);
  }
}

/** npm runs its scripts in the clone; paths in arguments and settings are relative to where the user stands. */
function returnToUser() {
  const { INIT_CWD: folder, npm_package_json: manifest } = process.env;
  // Only npm's own word on this clone counts: the variables are inherited by what other projects' scripts start.
  if (folder === undefined || manifest === undefined || !isSame(dirname(manifest), ROOT) || !isSame(process.cwd(), ROOT)) return;
  try {
    process.chdir(folder);
  } catch (error) {
    throw new Refusal(`The folder in which the command was given cannot be entered: ${String(error)}.`);
  }
}

/**
 * @param {string} one
 * @param {string} other
 */
function isSame(one, other) {
  return existsSync(one) && realpathSync(one) === realpathSync(other);
}

/**
 * @param {string[]} args
 * @param {import("./progress.mjs").Progress} progress
 */
async function up(args, progress) {
  if (args.includes("--help") || args.includes("-h")) {
    process.stdout.write(`${UP_USAGE}\n`);
    return;
  }
  const { rest, address } = takeListen(args);
  const unknown = rest.filter((arg) => arg !== WITH_CLAMAV);
  if (unknown.length > 0) throw new Refusal(`npm run up has no option ${unknown.join(" ")}.\n\n${UP_USAGE}`);
  const withClamav = args.includes(WITH_CLAMAV);
  if (!process.env["NATS_URL"]) await ensurePrograms(["nats-server"], progress);
  if (withClamav) {
    await ensurePrograms(["clamd", "freshclam"], progress);
    await fetchSignatures(progress);
  }
  await ensurePartsNode(ROOT, progress);
  await runProgram("standalone/main.js", address === undefined ? [] : [LISTEN, address], progress);
}

/**
 * Takes the address that is to be listened on out of the arguments.
 * @param {string[]} args
 */
function takeListen(args) {
  const at = args.findIndex((arg) => arg === LISTEN || arg.startsWith(`${LISTEN}=`));
  if (at === -1) return { rest: args, address: undefined };
  const [, inOne] = (args[at] ?? "").split("=", 2);
  const address = inOne ?? args[at + 1] ?? "";
  if (address === "" || address.startsWith("-")) throw new Refusal(`${LISTEN} needs an address.\n\n${UP_USAGE}`);
  return { rest: args.toSpliced(at, inOne === undefined ? 2 : 1), address };
}

/**
 * @param {string[]} args
 * @param {import("./progress.mjs").Progress} progress
 */
async function test(args, progress) {
  await ensurePrograms(TEST_PROGRAMS, progress);
  await runTests(args, progress);
}

/**
 * @param {string[]} args
 * @param {import("./progress.mjs").Progress} progress
 */
async function runTests(args, progress) {
  await ensureDependencies(ROOT, progress);
  const vitest = join(ROOT, "node_modules", "vitest", "vitest.mjs");
  process.exit(await runGroup(process.execPath, [vitest, "run", ...args], ROOT));
}

/**
 * @param {string[]} args
 * @param {import("./progress.mjs").Progress} progress
 */
async function screenshots(args, progress) {
  const [folder = join(ROOT, "docs", "pictures"), ...names] = args;
  if (folder.startsWith("-")) throw new Refusal(SCREENSHOTS_USAGE);
  await ensurePrograms(["nats-server", "chromium-headless-shell"], progress);
  Object.assign(process.env, { SCREENSHOTS: resolve(folder), SCREENSHOTS_OF: names.join() });
  await runTests(["--config", join(ROOT, "test", "screenshots", "vitest.config.ts")], progress);
}

/** @param {import("./progress.mjs").Progress} progress */
async function check(progress) {
  await ensureDependencies(ROOT, progress);
  process.exit(await runGroup("npm", ["run", "--silent", "check:steps"], ROOT));
}

/**
 * @param {string} benchmark
 * @param {string[]} args
 * @param {import("./progress.mjs").Progress} progress
 */
async function bench(benchmark, args, progress) {
  if (benchmark === "main.js") await ensurePrograms(["nats-server"], progress);
  await ensureDependencies(ROOT, progress);
  await ensurePartsNode(ROOT, progress);
  await buildTestProgram(ROOT, "bench", "Benchmarks", progress);
  await runProgram(join("bench", "test", "bench", benchmark), args, progress);
}

/**
 * @param {string[]} args
 * @param {import("./progress.mjs").Progress} progress
 */
async function faults(args, progress) {
  await ensurePrograms(["nats-server"], progress);
  await ensureDependencies(ROOT, progress);
  await buildTestProgram(ROOT, "faults", "Faults", progress);
  await runProgram(join("faults", "test", "faults", "main.js"), args, progress);
}

/**
 * Runs a program in this very process: signals, the terminal and the exit status are its own, and when this process is
 * killed, so is the program.
 * @param {string} program
 * @param {string[]} args
 * @param {import("./progress.mjs").Progress} progress
 */
async function runProgram(program, args, progress) {
  await ensureDependencies(ROOT, progress);
  await ensureBuild(ROOT, progress, { pages: WITH_PAGES.has(program) });
  const file = join(ROOT, "dist", program);
  process.argv = [process.execPath, file, ...args];
  await import(pathToFileURL(file).href);
}
