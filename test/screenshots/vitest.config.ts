/** How `npm run screenshots` is run: on a stage as the tests have it, and apart from them. */

import { defineConfig, mergeConfig } from "vitest/config";
import { projectPath } from "../../schema/paths.js";
import tests from "../../vitest.config.js";

const { projects: _, setupFiles: __, ...test } = tests.test ?? {};

export default mergeConfig(
  { ...tests, test },
  defineConfig({
    root: projectPath(),
    test: {
      include: ["test/screenshots/screenshots.ts"],
      globalSetup: ["test/global-setup.ts"],
      testTimeout: 600_000,
      // Each picture is told as soon as it is made.
      disableConsoleIntercept: true,
    },
  }),
);
