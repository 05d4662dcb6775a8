/** Writes docs/run/settings.md and the list of the settings' names from the lists in the code, or with `--check` fails if they are not current. */

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
const PAGE = "docs/run/settings.md";
const BEGIN = "<!-- settings: made by `npm run generate` -->";
const END = "<!-- settings end -->";

/** The page with its tables as the code has them. */
export function withSettings(page: string): string {
  const [head, rest] = page.split(BEGIN);
  const tail = rest?.split(END)[1];
  if (head === undefined || tail === undefined) throw new Error(`${PAGE} needs ${BEGIN} and ${END}`);
  const tables = Object.entries(PARTS).map(([part, settings]) => table(part, Object.entries(settings)));
  return `${head}${BEGIN}\n\n${tables.join("\n\n")}\n\n${END}${tail}`;
}

function table(part: string, settings: [string, Setting<unknown>][]): string {
  const rows = settings.map(([name, setting]) => {
    const { type, about, example } = setting;
    return `| ${[`\`${name}\``, type.description, defaultText(setting), `\`${example}\``, about + fileNote(name, setting)].join(" | ")} |`;
  });
  return [`## ${part}`, "", "| setting | type | default | example | meaning |", "| --- | --- | --- | --- | --- |", ...rows].join(
    "\n",
  );
}

function defaultText({ shown, fallback, required }: Setting<unknown>): string {
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
    [PAGE]: withSettings(read(PAGE)),
    "schema/generated/setting-names.ts": namesModule(COMPOSE.map(read).join()),
  };
  for (const [path, current] of Object.entries(made)) {
    if (!process.argv.includes("--check")) writeFileSync(projectPath(path), current);
    else if (read(path) !== current) {
      process.stderr.write(`${path}: it does not say what the code says; run npm run generate\n`);
      process.exitCode = 1;
    }
  }
}

function read(path: string): string {
  return readFileSync(projectPath(path), "utf8");
}

main();
