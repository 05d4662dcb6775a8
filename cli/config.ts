import { resolve } from "node:path";
import { projectPath } from "../schema/paths.js";
import { readSettings, text } from "../schema/settings.js";

/** The settings of `npm run scan`. */
export const cliSettings = {
  SCANMESH_HOME: {
    type: text,
    shown: "`.scanmesh` in the clone",
    about: "Data folder of the mesh that `npm run scan` looks for.",
  },
} as const;

/** The settings of `npm run import-multiav`. */
export const importSettings = {
  ...cliSettings,
  DATABASE_URL: {
    type: text,
    shown: "the database of `npm run up`",
    secret: true,
    about: "Where to import to.",
  },
} as const;

export interface CliConfig {
  /** Absolute path of the data folder in which a mesh of this machine runs. */
  readonly home: string;
}

/** Reads the configuration of the command line. Throws ConfigError with all mistakes at once. */
export function readCliConfig(env: Readonly<Record<string, string | undefined>> = process.env): CliConfig {
  return { home: resolve(readSettings(cliSettings, env).SCANMESH_HOME ?? projectPath(".scanmesh")) };
}

export interface ImportConfig extends CliConfig {
  /** Undefined: the database of `npm run up`. */
  readonly databaseUrl: string | undefined;
}

/** Reads the configuration of the import. Throws ConfigError with all mistakes at once. */
export function readImportConfig(env: Readonly<Record<string, string | undefined>> = process.env): ImportConfig {
  return { ...readCliConfig(env), databaseUrl: readSettings(importSettings, env).DATABASE_URL };
}
