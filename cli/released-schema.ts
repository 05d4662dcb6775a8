/**
 * Fails if the GraphQL schema breaks clients of the released one, schema/released.graphql; `--release` makes the schema as it
 * is now the released one. Both are files of this clone: it need not have any history.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { projectPath } from "../schema/paths.js";
import { breakingChanges } from "./schema-changes.js";

const path = projectPath("schema", "released.graphql");
const current = readFileSync(projectPath("schema", "schema.graphql"), "utf8");

if (process.argv.includes("--release")) writeFileSync(path, current);
else {
  const broken = await breakingChanges(readFileSync(path, "utf8"), current);
  if (broken.length > 0) {
    const lines = [
      "schema/schema.graphql would break clients of the released schema (schema/released.graphql):",
      ...broken.map((change) => `  ${change}`),
      "Keep what was there and deprecate it with a reason; it may go after a release (npm run release-schema).",
    ];
    process.stderr.write(`${lines.join("\n")}\n`);
    process.exitCode = 1;
  }
}
