/** Writes schema/openapi.json; with `--check`, fails if the file differs from the code. */

import { readFileSync, writeFileSync } from "node:fs";
import { projectPath } from "../../schema/paths.js";
import { openApi } from "./openapi.js";

const path = projectPath("schema", "openapi.json");
const document = `${JSON.stringify(openApi(), undefined, 2)}\n`;

if (!process.argv.includes("--check")) writeFileSync(path, document);
else if (readFileSync(path, "utf8") !== document) {
  process.stderr.write("schema/openapi.json is not what the code says: run npm run generate\n");
  process.exitCode = 1;
}
