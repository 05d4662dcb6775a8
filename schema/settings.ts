/**
 * Settings are environment variables, declared as data: one list a process, read by one pure function that reports every
 * mistake at once. docs/run/settings.md is generated from the same lists.
 */

import { readFileSync } from "node:fs";
import { z } from "zod";
import { SETTING_NAMES } from "./generated/setting-names.js";
import { suggestName } from "./suggestion.js";
import { OperatorError } from "./operator-error.js";

/** One setting. */
export interface Setting<T> {
  /** What it does, in one sentence; units included. */
  readonly about: string;
  /** A value that makes sense, for documents; usually another one than the default. */
  readonly example: string;
  /** Its default as it would be written in the environment; undefined: it may stay unset and reads as undefined. */
  readonly fallback?: string;
  /** How the default reads in documents when it is not a fixed text. */
  readonly shown?: string;
  /** Must be set. */
  readonly required?: boolean;
  /** May also be given as NAME_FILE, the path of a file that holds it. */
  readonly secret?: boolean;
  /** Reads the text; its message says what is wrong, and its description names it in documents. */
  readonly type: z.ZodType<T, string>;
}

/** A list of settings by environment name. */
export type Settings = Readonly<Record<string, Setting<unknown>>>;

/** The values of a list; settings without a default may be undefined. */
export type Values<S extends Settings> = {
  readonly [K in keyof S]: S[K] extends { readonly type: z.ZodType<infer T, string> }
    ? S[K] extends { readonly fallback: string } | { readonly required: true }
      ? T
      : T | undefined
    : never;
};

/** Every mistake of a configuration; `message` has one line each. */
export class ConfigError extends OperatorError {
  override readonly name = "ConfigError";
  constructor(readonly mistakes: readonly string[]) {
    super(mistakes.join("\n"));
  }
}

/**
 * Reads `settings` from `env`. An empty text counts as unset. Throws {@link ConfigError} with all mistakes at once. An
 * unknown name that begins with SCANMESH_ is a mistake too: a misspelt setting would otherwise be ignored silently.
 */
export function readSettings<S extends Settings>(settings: S, env: Readonly<Record<string, string | undefined>>): Values<S> {
  const mistakes = Object.keys(env).flatMap((name) => (env[name] ? checkName(name) : []));
  const values: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(settings)) {
    try {
      const text = readText(name, setting, env) ?? setting.fallback;
      if (text === undefined) {
        if (setting.required) mistakes.push(`${name}: is not set`);
        continue;
      }
      const parsed = setting.type.safeParse(text);
      if (parsed.success) values[name] = parsed.data;
      else
        mistakes.push(`${name}: ${parsed.error.issues.map((issue) => issue.message).join(", ")} (it is ${shown(setting, text)})`);
    } catch (error) {
      mistakes.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  if (mistakes.length > 0) throw new ConfigError(mistakes);
  return values as Values<S>;
}

/** Variables that Kubernetes and Docker links set for a service with the name of this product. */
const SERVICE_VARIABLES = /_SERVICE_(HOST|PORT)(_\w+)?$|_PORT(_\d+_(TCP|UDP)(_\w+)?)?$/;

function checkName(name: string): string[] {
  if (!name.startsWith("SCANMESH_") || SETTING_NAMES.includes(name) || SERVICE_VARIABLES.test(name)) return [];
  return [`${name}: there is no such setting${suggestName(name, SETTING_NAMES)}`];
}

function readText(
  name: string,
  setting: Setting<unknown>,
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const file = setting.secret ? env[`${name}_FILE`] : undefined;
  if (!file) return env[name] || undefined;
  if (env[name]) throw new Error(`${name} and ${name}_FILE are both set`);
  return readFileSync(file, "utf8").trim();
}

function shown(setting: Setting<unknown>, text: string): string {
  return setting.secret ? "a secret" : JSON.stringify(text);
}

/** Any text. */
export const anyText = z.string().describe("text");

/** The path of a file. */
export const filePath = anyText.describe("path of a file");

/** The path of a folder. */
export const folderPath = anyText.describe("path of a folder");

/** The address of a Postgres database. */
export const postgresAddress = anyText.describe("address");

/** The addresses of one NATS cluster. */
export const natsAddresses = anyText.describe("addresses, comma-separated");

/** A whole number from `min` to `max`. */
export function integer(min: number, max: number): z.ZodType<number, string> {
  const message = `needs a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^-?\d{1,15}$/, message)
    .transform(Number)
    .refine((value) => value >= min && value <= max, message)
    .describe(`whole number, ${min} to ${max}`);
}

/** One of some words. */
export function oneOf<const T extends readonly [string, ...string[]]>(words: T): z.ZodType<T[number], string> {
  const type = z.enum(words, `needs one of ${words.join(", ")}`).describe(words.map((word) => `\`${word}\``).join(", "));
  return type as unknown as z.ZodType<T[number], string>;
}

const MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;

/** A duration such as `500ms`, `30s`, `15m` or `24h`, read as milliseconds. */
export const duration: z.ZodType<number, string> = z
  .string()
  .regex(/^[1-9]\d{0,8}(ms|s|m|h)$/, "needs a duration such as 500ms, 30s, 15m or 24h")
  .transform((value) => Number.parseInt(value, 10) * MS[value.replace(/^\d+/, "") as keyof typeof MS])
  .describe("duration");

/** A duration within limits, which are durations too. */
export function durationBetween(min: string, max: string): z.ZodType<number, string> {
  const [least, most] = [duration.parse(min), duration.parse(max)];
  return duration
    .refine((value) => value >= least && value <= most, `needs a duration from ${min} to ${max}`)
    .describe(`duration, ${min} to ${max}`);
}

const BYTES = { KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4 } as const;

/** A size such as `256KiB`, `512MiB` or `1GiB`, read as bytes. */
export const size: z.ZodType<number, string> = z
  .string()
  .regex(/^[1-9]\d{0,8}(KiB|MiB|GiB|TiB)$/, "needs a size such as 256KiB, 512MiB or 1GiB")
  .transform((value) => Number.parseInt(value, 10) * BYTES[value.replace(/^\d+/, "") as keyof typeof BYTES])
  .describe("size");

/** A size as people are told it, such as `3.1 GiB`. */
export function sizeText(bytes: number): string {
  const [unit, factor] = Object.entries(BYTES).findLast(([, one]) => bytes >= one) ?? ["bytes", 1];
  return `${Math.round((bytes / factor) * 10) / 10} ${unit}`;
}

/** A comma-separated list; white space around the items does not count. */
export const commaList: z.ZodType<string[], string> = z
  .string()
  .transform((value) =>
    value
      .split(",")
      .map((item) => item.trim())
      .filter((item) => item !== ""),
  )
  .describe("list, comma-separated");

/** A comma-separated list whose items all match; `what` names them in the mistake. */
export function commaListOf(item: RegExp, what: string): z.ZodType<string[], string> {
  return commaList.refine((items) => items.every((one) => item.test(one)), `needs ${what}`);
}

/** An address of the web, `http://…` or `https://…`. */
export const webAddress: z.ZodType<string, string> = z
  .string()
  .refine(
    (value) => URL.canParse(value) && /^https?:$/.test(new URL(value).protocol),
    "needs an address such as https://scan.example.org",
  )
  .describe("address");
