/** Builds GraphiQL into gateway/public, unless it is there and current. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { BUILT, digest, hasPages, ROOT, SOURCE, STAMP } from "./pages.mjs";

if (!hasPages(ROOT)) {
  const made = digest(ROOT);
  const { build } = await import("vite");
  await build({
    configFile: false,
    logLevel: "error",
    root: join(ROOT, SOURCE),
    // Relative: a proxy may serve the mesh below a path.
    base: "./",
    build: {
      outDir: join(ROOT, BUILT),
      emptyOutDir: true,
      modulePreload: { polyfill: false },
      // A page that allows nothing inline has everything in files.
      assetsInlineLimit: 0,
    },
    worker: { format: "es" },
  });
  writeFileSync(join(ROOT, BUILT, STAMP), made);
}
