/** Writes the README's tables of settings from the lists in the code, or with `--check` fails if they are not current. */

import { readFileSync, writeFileSync } from "node:fs";
import { gatewaySettings } from "../gateway/config.js";
import { agentSettings } from "../scanner-agent/config.js";
import { projectPath } from "../schema/paths.js";
import type { Setting } from "../schema/settings.js";
import { standaloneSettings } from "../standalone/config.js";
import { cliSettings, databaseSettings } from "./config.js";

const PARTS = {
  "`npm run up`": standaloneSettings,
  Gateway: gatewaySettings,
  "Scanner agent": agentSettings,
  "`npm run scan`": cliSettings,
  "`npm run import-multiav`, `npm run api-keys`": databaseSettings,
} as const;
const BEGIN = "<!-- settings: made by `npm run generate` -->";
const END = "<!-- settings end -->";

/** The README with its tables as the code has them. */
export function withSettings(readme: string): string {
  const [head, rest] = readme.split(BEGIN);
  const tail = rest?.split(END)[1];
  if (head === undefined || tail === undefined) throw new Error(`the README needs ${BEGIN} and ${END}`);
  const tables = Object.entries(PARTS).map(([part, settings]) => table(part, Object.entries(settings)));
  return `${head}${BEGIN}\n\n${tables.join("\n\n")}\n\n${END}${tail}`;
}

function table(part: string, settings: [string, Setting<unknown>][]): string {
  const rows = settings.map(
    ([name, setting]) => `| \`${name}\` | ${defaultOf(setting)} | ${setting.about}${fileNote(name, setting)} |`,
  );
  return [`**${part}**`, "", "| setting | default | what it does |", "| --- | --- | --- |", ...rows].join("\n");
}

function defaultOf({ shown, fallback, required }: Setting<unknown>): string {
  if (shown !== undefined) return shown;
  if (required) return "must be set";
  return fallback ? `\`${fallback}\`` : "–";
}

function fileNote(name: string, { secret }: Setting<unknown>): string {
  return secret ? ` Also as \`${name}_FILE\`, the path of a file that holds it.` : "";
}

function main(): void {
  const path = projectPath("README.md");
  const readme = readFileSync(path, "utf8");
  const current = withSettings(readme);
  if (!process.argv.includes("--check")) return writeFileSync(path, current);
  if (readme === current) return;
  process.stderr.write("the README's settings are not what the code says: run npm run generate\n");
  process.exitCode = 1;
}

main();
