/** YARA-X, as each worker starts it. */

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { setFlagsFromString } from "node:v8";
import init from "@virustotal/yara-x";

// By default V8 optimizes code after a few calls, and so most of YARA-X's compiler for a single set of rules: that costs more than it
// saves.
setFlagsFromString("--wasm-tiering-budget=360000000");

/** The file that says which version of YARA-X this is. */
export const YARA_PACKAGE = createRequire(import.meta.url).resolve("@virustotal/yara-x/package.json");

let started: Promise<unknown> | undefined;

/** Loads YARA-X into this thread, once. */
export async function startYara(): Promise<void> {
  // By default it fetches its module from a URL, which Node cannot do for a file.
  started ??= readFile(join(dirname(YARA_PACKAGE), "pkg", "yara_x_js_bg.wasm")).then((module) =>
    init({ module_or_path: module }),
  );
  await started;
}
