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
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
    server: { deps: { inline: ["type-graphql"] } },
    projects: [
      { extends: true, test: { name: "unit", include: unitTests } },
      { extends: true, test: { name: "mesh", include: meshTests, globalSetup: ["test/global-setup.ts"] } },
    ],
  },
});
