/** Writes the table of engines in docs/run/engines.md from the manifests, or with `--check` fails if it is not current. */

import { readFileSync, writeFileSync } from "node:fs";
import { loadManifests } from "../scanner-agent/manifest/engine-loader.js";
import type { Manifest } from "../schema/manifest.js";
import { projectPath } from "../schema/paths.js";

const BEGIN = "<!-- engines: made by `npm run generate` -->";
const END = "<!-- engines end -->";

/** The document with its table as the manifests have it. */
function withEngines(document: string, manifests: readonly Manifest[]): string {
  const [head, rest] = document.split(BEGIN);
  const tail = rest?.split(END)[1];
  if (head === undefined || tail === undefined) throw new Error(`docs/run/engines.md needs ${BEGIN} and ${END}`);
  const rows = manifests.toSorted((a, b) => a.name.localeCompare(b.name)).map(row);
  const table = [
    "| engine | type | speed | internet | default | runs as | needs |",
    "| --- | --- | --- | --- | --- | --- | --- |",
    ...rows,
  ];
  return `${head}${BEGIN}\n\n${table.join("\n")}\n\n${END}${tail}`;
}

function row({ name, type, speed, internet, enabled, run, needs }: Manifest): string {
  const ways = Object.entries(run).flatMap(([way, what]) => (what === undefined ? [] : [way]));
  const image = run.container === undefined ? "" : ` \`${run.container.image}\``;
  return `| ${[name, type, speed, internet ? "yes" : "no", enabled ? "on" : "off", ways.join(", ") + image, needs.join("; ") || "–"].join(" | ")} |`;
}

const path = projectPath("docs", "run", "engines.md");
const document = readFileSync(path, "utf8");
const { manifests, mistakes } = await loadManifests([projectPath("scanner-agent", "engines")]);
if (mistakes.length > 0) throw new Error(mistakes.join("\n"));
const current = withEngines(
  document,
  manifests.map(({ manifest }) => manifest),
);
if (!process.argv.includes("--check")) writeFileSync(path, current);
else if (document !== current) {
  process.stderr.write("the engines of docs/run/engines.md are not those of the manifests: run npm run generate\n");
  process.exitCode = 1;
}
