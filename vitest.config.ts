import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { LongestFirst } from "./test/longest-first.js";
import { NothingSkipped } from "./test/nothing-skipped.js";
import { meshTests, unitTests } from "./test/tiers.js";

export default defineConfig({
  // One copy of graphql for everybody: its ESM and CommonJS builds do not recognise each other's types.
  resolve: {
    alias: [{ find: /^graphql$/, replacement: fileURLToPath(new URL("node_modules/graphql/index.js", import.meta.url)) }],
  },
  oxc: { decorator: { legacy: true, emitDecoratorMetadata: false } },
  test: {
    reporters: process.env["CI"] === undefined ? ["default"] : ["default", new NothingSkipped()],
    setupFiles: ["test/setup.ts"],
    pool: "forks",
    // Files share the modules of their process: to load them for each file takes a fifth of the whole run.
    isolate: false,
    // As many as the cores of a small machine: each file of the mesh tests starts several processes beside its own.
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    // They end what hangs, and are no measure: many times what the slowest test takes on a machine that is busy with others.
    testTimeout: 300_000,
    hookTimeout: 600_000,
    teardownTimeout: 20_000,
    expect: { poll: { timeout: 120_000 } },
    // Files share a process: what one of them replaces must not be there in the next.
    restoreMocks: true,
    unstubEnvs: true,
    unstubGlobals: true,
    server: { deps: { inline: ["type-graphql"] } },
    projects: [
      { extends: true, test: { name: "unit", include: unitTests } },
      { extends: true, test: { name: "mesh", include: meshTests, globalSetup: ["test/global-setup.ts"] } },
    ],
  },
});
