/**
 * Builds the programs into dist: each is a file with all that it loads, or a few where programs share parts. Most of a start was the
 * finding and reading of two thousand files of sources and packages. Types are checked by tsc, not here.
 */

import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { rolldown } from "rolldown";
import { ROOT } from "./pages.mjs";

/**
 * @typedef {object} Bundle
 * @property {readonly string[]} programs their sources, without .ts
 * @property {string} [folder] in dist, where they are put; by default dist itself
 * @property {string} [shared] in dist, where what several of them load is put; without it, each program is one file
 * @property {readonly RegExp[]} packages those that are loaded from node_modules
 */

/** Those that read files of their own, and those that are used only where somebody has installed them. */
const APART = [/^@virustotal\/yara-x$/, /^7z-wasm$/, /^pg-native$/, /^class-validator$/];
/**
 * What dockerode loads for ways to Docker that agents do not take: ssh, and sessions of BuildKit.
 * @type {Record<string, false>}
 */
const UNUSED = { ssh2: false, "@grpc/grpc-js": false, "@grpc/proto-loader": false, protobufjs: false };
/** Whatever is not named by a path, but what the bundler adds to older versions of Node. */
const ALL = [/^(?!\0?@oxc-project\b)[^./]/];

/** @type {readonly Bundle[]} */
const PROGRAMS = [
  { programs: ["gateway/main", "gateway/join/make-package"], shared: "gateway/shared", packages: APART },
  {
    programs: [
      "scanner-agent/main",
      "scanner-agent/container-main",
      "scanner-agent/runners/builtin/fileinfo-worker",
      "scanner-agent/runners/builtin/rule-check-worker",
      "scanner-agent/runners/builtin/worker-process",
      "scanner-agent/runners/builtin/yara-worker",
    ],
    shared: "scanner-agent/shared",
    packages: APART,
  },
  // Its fence shows it no other file of ours.
  { programs: ["scanner-agent/inspect/opener/opener-process"], packages: APART },
  {
    programs: [
      "standalone/main",
      "cli/api-keys",
      "cli/bundle",
      "cli/capacity",
      "cli/conformance",
      "cli/hosts",
      "cli/import-multiav",
      "cli/keys",
      "cli/rulesets",
      "cli/scan",
      "cli/signatures",
      "cli/updates",
    ],
    shared: "cli/shared",
    packages: APART,
  },
  {
    // What makes generated files, and what tests load into processes of their own.
    programs: [
      "cli/dashboard-operations",
      "cli/engines-table",
      "cli/released-schema",
      "cli/settings-table",
      "gateway/graphql/emit",
      "gateway/rest/emit",
      "scanner-agent/runners/builtin/worker-server",
      "scanner-agent/runners/process/guard",
      "schema/lost-output",
      "standalone/keys",
      "standalone/nats",
      "standalone/postgres",
    ],
    folder: "development",
    shared: "development/shared",
    packages: ALL,
  },
];

/** What is built here, or was; beside them in dist is what tests and benchmarks build. */
const FOLDERS = ["cli", "development", "gateway", "scanner-agent", "schema", "standalone"];
const DIST = join(ROOT, "dist");

/**
 * The files of a bundle: their names in dist, and what is in them.
 * @param {Bundle} bundle
 */
async function build({ programs, folder = ".", shared, packages }) {
  const built = await rolldown({
    cwd: ROOT,
    input: Object.fromEntries(programs.map((program) => [join(folder, program), join(ROOT, `${program}.ts`)])),
    platform: "node",
    tsconfig: join(ROOT, "tsconfig.json"),
    transform: { target: "node20.19" },
    external: [...packages],
    resolve: { alias: UNUSED },
    // A package that is not found would be missed when it is used.
    onLog: (level, log, handle) => handle(level === "warn" ? "error" : level, log),
  });
  try {
    const { output } = await built.generate({
      format: "es",
      entryFileNames: "[name].js",
      chunkFileNames: `${shared}/[name]-[hash].js`,
      codeSplitting: shared !== undefined,
      // Types of GraphQL and errors are named after their classes.
      keepNames: true,
      comments: false,
      sourcemap: true,
      sourcemapExcludeSources: true,
    });
    return output.map((file) => ({
      path: join(DIST, file.fileName),
      content: file.type === "chunk" ? escapeWide(file.code) : file.source,
    }));
  } finally {
    await built.close();
  }
}

/**
 * In ASCII: V8 keeps a source in memory, with two bytes for each character if one of them needs it.
 * @param {string} code
 */
function escapeWide(code) {
  return code.replace(/[^\0-\x7f]/g, (wide) => `\\u${wide.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** @param {string} folder */
async function filesIn(folder) {
  const inside = await readdir(join(DIST, folder), { recursive: true, withFileTypes: true }).catch(whenMissing);
  return inside.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/**
 * @param {NodeJS.ErrnoException} error
 * @returns {import("node:fs").Dirent[]}
 */
function whenMissing(error) {
  if (error.code === "ENOENT") return [];
  throw error;
}

const files = (await Promise.all(PROGRAMS.map(build))).flat();
// Written before what is old is removed: programs may be running.
await Promise.all(
  files.map(async ({ path, content }) => {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
  }),
);
const current = new Set(files.map(({ path }) => path));
const there = (await Promise.all(FOLDERS.map(filesIn))).flat();
await Promise.all(there.filter((path) => !current.has(path)).map((path) => rm(path)));
