/** Writes the README's tables of settings and the list of their names from the lists in the code, or with `--check` fails if they are not current. */

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
const COMPOSE = ["docker-compose.yml", "deploy/more-hosts.yml"];
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

/** The module that knows every name that begins with SCANMESH_: those of all parts, and those that compose reads. */
export function namesModule(compose: string): string {
  const ours = Object.values(PARTS).flatMap((settings) =>
    Object.entries<Setting<unknown>>(settings).flatMap(([name, { secret }]) => (secret ? [name, `${name}_FILE`] : [name])),
  );
  const composed = [...compose.matchAll(/\$\{(\w+)/g)].map(([, name = ""]) => name);
  const names = [...new Set([...ours, ...composed])].filter((name) => name.startsWith("SCANMESH_")).toSorted();
  return [
    "// Made by `npm run generate`.",
    "",
    "/** Every setting of any part whose name begins with SCANMESH_, and what compose reads. */",
    "export const SETTING_NAMES: readonly string[] = [",
    ...names.map((name) => `  "${name}",`),
    "];",
    "",
  ].join("\n");
}

function main(): void {
  const made = {
    "README.md": withSettings(read("README.md")),
    "schema/generated/setting-names.ts": namesModule(COMPOSE.map(read).join()),
  };
  for (const [path, current] of Object.entries(made)) {
    if (!process.argv.includes("--check")) writeFileSync(projectPath(path), current);
    else if (read(path) !== current) {
      process.stderr.write(`${path}: its settings are not what the code says: run npm run generate\n`);
      process.exitCode = 1;
    }
  }
}

function read(path: string): string {
  return readFileSync(projectPath(path), "utf8");
}

main();
