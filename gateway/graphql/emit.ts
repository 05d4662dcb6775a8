/** Writes schema/schema.graphql; with `--check`, fails if the file differs from the code. */

import { readFileSync, writeFileSync } from "node:fs";
import { projectPath } from "../../schema/paths.js";
import { createSchema, schemaDocument } from "./schema.js";

const path = projectPath("schema", "schema.graphql");
const document = schemaDocument(createSchema());

if (!process.argv.includes("--check")) writeFileSync(path, document);
else if (readFileSync(path, "utf8") !== document) {
  process.stderr.write("schema/schema.graphql is not what the code says: run npm run generate\n");
  process.exitCode = 1;
}
