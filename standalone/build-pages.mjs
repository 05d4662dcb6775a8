/** Builds the gateway's pages into gateway/public: those that are not there or not current. */

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { checkFirstLoad, digest, isMade, PAGES, ROOT, STAMP } from "./pages.mjs";

// Whoever builds them, even a test: React has a part for development that is left out then.
process.env["NODE_ENV"] = "production";

/** Smaller files gain nothing. */
const LEAST_BYTES = 1_024;
/** Made as CommonJS. */
const REACT = new Set(["react", "react/jsx-runtime", "react-dom/client"]);
const COMPRESSED = /\.(?:js|css|html|svg)$/;

/** @param {import("./pages.mjs").Page} page */
async function buildPage(page) {
  const made = digest(ROOT, page);
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const { build } = await import("vite");
  const outDir = join(ROOT, page.built);
  await build({
    configFile: false,
    logLevel: "error",
    root: join(ROOT, page.source),
    // Relative: a proxy may serve the mesh below a path.
    base: "./",
    plugins: [reactAsModules()],
    define: { "import.meta.env.VITE_VERSION": JSON.stringify(version) },
    build: {
      outDir,
      emptyOutDir: true,
      target: "es2022",
      modulePreload: { polyfill: false },
      chunkSizeWarningLimit: Infinity,
      // A page that allows nothing inline has everything in files.
      assetsInlineLimit: 0,
      ...(page.later && { rolldownOptions: { output: { codeSplitting: { groups: [firstScript(page.later)] } } } }),
    },
    worker: { format: "es" },
  });
  compress(outDir);
  checkFirstLoad(outDir, page);
  writeFileSync(join(outDir, STAMP), made);
}

/**
 * Lets pages import React as modules. Otherwise every script that uses it has a bridge to CommonJS, and what the bridges need is one more
 * script that a page begins with.
 * @returns {import("vite").Plugin}
 */
function reactAsModules() {
  const require = createRequire(import.meta.url);
  const mark = "\0module:";
  return {
    name: "react-as-modules",
    enforce: "pre",
    resolveId: (id, importer) => (REACT.has(id) && !importer?.startsWith(mark) ? mark + id : undefined),
    load(id) {
      if (!id.startsWith(mark)) return undefined;
      const name = id.slice(mark.length);
      const exported = Object.keys(require(name)).join(", ");
      return `import all from ${JSON.stringify(require.resolve(name))};\nexport default all;\nexport const { ${exported} } = all;`;
    },
  };
}

/** @param {RegExp} later */
function firstScript(later) {
  return { name: "page", test: (/** @type {string} */ id) => !later.test(id) };
}

/**
 * Puts a .br and a .gz beside each file, so that no request waits for it.
 * @param {string} folder
 */
function compress(folder) {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !COMPRESSED.test(entry.name)) continue;
    const path = join(entry.parentPath, entry.name);
    const content = readFileSync(path);
    if (content.length < LEAST_BYTES) continue;
    writeFileSync(`${path}.br`, brotliCompressSync(content));
    writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
  }
}

for (const page of PAGES) {
  if (!isMade(ROOT, page)) await buildPage(page);
}
