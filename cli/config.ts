import { resolve } from "node:path";
import { joiningSettings } from "../gateway/join/config.js";
import { listeningSettings } from "../gateway/http/config.js";
import type { LineConfig } from "../gateway/join/token-lines.js";
import { projectPath } from "../schema/paths.js";
import { anyText, folderPath, postgresAddress, readSettings } from "../schema/settings.js";

/** The settings of `npm run scan`. */
export const cliSettings = {
  SCANMESH_HOME: {
    type: folderPath,
    shown: "`.scanmesh` in the clone",
    example: "/srv/scanmesh",
    about: "Data folder of the mesh of this machine that the command uses.",
  },
  SCANMESH_API_KEY: {
    type: anyText,
    secret: true,
    example: "sm_…",
    about: "The API key to send, where the gateway requires one.",
  },
} as const;

/** The settings of the commands that work on the database. */
export const databaseSettings = {
  SCANMESH_HOME: cliSettings.SCANMESH_HOME,
  DATABASE_URL: {
    type: postgresAddress,
    shown: "the database of `npm run up`",
    secret: true,
    example: "postgres://scanmesh:secret@db.example.org/scanmesh",
    about: "The mesh's database.",
  },
} as const;

export interface CliConfig {
  /** Absolute path of the data folder in which a mesh of this machine runs. */
  readonly home: string;
  readonly apiKey: string | undefined;
}

/** Reads the configuration of the command line. Throws ConfigError with all mistakes at once. */
export function readCliConfig(env: Readonly<Record<string, string | undefined>> = process.env): CliConfig {
  const { SCANMESH_HOME: home, SCANMESH_API_KEY: apiKey } = readSettings(cliSettings, env);
  return { home: resolve(home ?? projectPath(".scanmesh")), apiKey };
}

/** What the user's terminal is like, by variables that many programs heed. */
export interface TerminalConfig {
  /** Whether it can move its cursor. */
  readonly canRedraw: boolean;
  readonly colours: boolean;
}

/** Reads `TERM` and `NO_COLOR` (https://no-color.org: any value but an empty one). */
export function readTerminalConfig(env: Readonly<Record<string, string | undefined>> = process.env): TerminalConfig {
  return { canRedraw: env["TERM"] !== "dumb", colours: (env["NO_COLOR"] ?? "") === "" };
}

export interface DatabaseConfig extends CliConfig {
  /** Undefined: the database of `npm run up`. */
  readonly databaseUrl: string | undefined;
}

/** Reads the configuration of a command that works on the database. Throws ConfigError with all mistakes at once. */
export function readDatabaseConfig(env: Readonly<Record<string, string | undefined>> = process.env): DatabaseConfig {
  return { ...readCliConfig(env), databaseUrl: readSettings(databaseSettings, env).DATABASE_URL };
}

/** What the lines by which hosts join depend on besides the token, as the gateway is told it. Throws ConfigError. */
export function readLineConfig(env: Readonly<Record<string, string | undefined>> = process.env): LineConfig {
  const { SCANMESH_AGENT_IMAGE } = joiningSettings;
  const { SCANMESH_TLS_CERT, SCANMESH_TLS_CA, SCANMESH_TLS_PORT } = listeningSettings;
  const values = readSettings({ SCANMESH_AGENT_IMAGE, SCANMESH_TLS_CERT, SCANMESH_TLS_CA, SCANMESH_TLS_PORT }, env);
  const certFile = values.SCANMESH_TLS_CERT;
  return {
    agentImage: values.SCANMESH_AGENT_IMAGE,
    https: certFile === undefined ? undefined : { certFile, port: values.SCANMESH_TLS_PORT },
    authorityFile: values.SCANMESH_TLS_CA,
  };
}
