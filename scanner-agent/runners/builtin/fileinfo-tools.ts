import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { reasonOf } from "../../contract.js";
import { stateOfFiles } from "../fingerprint.js";
import { jsonOf } from "../../parsers/brief.js";
import { isAsPrinted, parseJson } from "../../parsers/numbers.js";
import { findProgram } from "../../processes/programs.js";
import { runCommand } from "../process/command.js";
import { minimalEnvironment } from "../process/guard.js";
import { createExiftool, ExiftoolEnded, type OpenExiftool } from "./exiftool.js";

const TIMEOUT_MS = 20_000;
const MAX_OUTPUT = 1024 * 1024;
const MAX_VALUE = 4_096;
const MAX_TAGS = 1_000;
/** Memory in KiB: these programs read hostile input. */
const LIMIT = "ulimit -d 2097152 2> /dev/null";
const LIMITED = ["/bin/sh", "-c", `${LIMIT}; exec "$@"`, "sh"];
/** The same for a program that is told by file descriptor 3 what to do. */
const LIMITED_AND_TOLD = ["/bin/sh", "-c", `${LIMIT}; exec "$@" <&3 3<&-`, "sh"];
/** The highest exit status that still counts as an answer: exiftool ends with 1 for an unknown file type. Default: 0. */
const HIGHEST_STATUS: Readonly<Record<string, number>> = { exiftool: 1 };

/** Paths of the programs that FileInfo runs; undefined: not installed. TrID may not be redistributed and is never run. */
export type Tools = Readonly<Record<(typeof TOOL_NAMES)[number], string | undefined>>;
const TOOL_NAMES = ["file", "ssdeep", "exiftool"] as const;
const MAGIC = ["/etc/magic", "/etc/magic.mgc", "/usr/share/misc/magic", "/usr/share/misc/magic.mgc"];

/** What the programs print. Where one is not installed or fails, its field is empty and `missing` names it, with the failure. */
export interface ToolReport {
  readonly mime: string | undefined;
  readonly description: string;
  readonly ssdeep: string;
  readonly exiftool: Readonly<Record<string, string>>;
  readonly missing: readonly string[];
}

/** Finds the programs. */
export async function findTools(programPath: string): Promise<Tools> {
  const [file, ssdeep, exiftool] = await Promise.all(TOOL_NAMES.map((name) => findProgram(name, programPath)));
  return { file, ssdeep, exiftool };
}

/** The programs and what `file` reads, as they are now. Null if that cannot be known. */
export async function stateOfTools(programPath: string): Promise<string | null> {
  const tools = Object.values(await findTools(programPath)).filter((path) => path !== undefined);
  return stateOfFiles([...tools, ...MAGIC]);
}

/** Where the programs run. */
interface Host {
  readonly programPath: string;
  readonly folder: string;
  /** One that stays open; left out: exiftool is started for each sample. */
  readonly exiftool?: OpenExiftool | undefined;
}

/** An exiftool for all samples; undefined if it is not installed. */
export function openExiftool({ exiftool }: Tools, { programPath, folder }: Host): OpenExiftool | undefined {
  if (exiftool === undefined) return undefined;
  return createExiftool({
    // Without a configuration file, which is a program: a sample could have left one in a folder that all samples share.
    argv: [...LIMITED_AND_TOLD, exiftool, "-config", "", "-stay_open", "True", "-@", "-"],
    args: EXIFTOOL_ARGUMENTS,
    cwd: folder,
    env: minimalEnvironment(programPath, folder),
    timeoutMs: TIMEOUT_MS,
    maxOutput: MAX_OUTPUT,
  });
}

/** Runs each program on the file, or on one with these bytes. They read hostile input, so each has a limit on its time and its output, and may fail. */
export async function runTools(tools: Tools, given: string | Uint8Array, host: Host): Promise<ToolReport> {
  const missing = ["trid"];
  const cwd = await mkdtemp(join(host.folder, "tools-"));
  const path = typeof given === "string" ? given : join(cwd, "sample");
  const ask = async <T>(name: keyof Tools, args: readonly string[], read: (stdout: string) => T, otherwise: T): Promise<T> => {
    const program = tools[name];
    if (program === undefined) return addMissing(missing, name, otherwise);
    try {
      const known = name === "exiftool" ? await readByOpen(host.exiftool, path) : undefined;
      if (known !== undefined) return read(known);
      const env = minimalEnvironment(host.programPath, cwd);
      const { exitCode, stdout } = await runCommand([...LIMITED, program, ...args, path], {
        cwd,
        env,
        timeoutMs: TIMEOUT_MS,
        maxOutput: MAX_OUTPUT,
      });
      return exitCode <= (HIGHEST_STATUS[name] ?? 0)
        ? read(stdout)
        : addMissing(missing, `${name}: exit status ${exitCode}`, otherwise);
    } catch (error) {
      return addMissing(missing, `${name}: ${reasonOf(error)}`, otherwise);
    }
  };
  try {
    if (typeof given !== "string" && hasAny(tools)) await writeFile(path, given, { mode: 0o444 });
    const [mime, description, ssdeep, exiftool] = await Promise.all([
      ask("file", ["--brief", "--mime-type", "--"], (text) => MimeType.parse(text.trim()), undefined),
      ask("file", ["--brief", "--"], (text) => text.trim().slice(0, MAX_VALUE), ""),
      ask("ssdeep", ["-s", "-b"], readSsdeep, ""),
      ask("exiftool", [...EXIFTOOL_ARGUMENTS, "--"], readExiftool, {}),
    ]);
    return { mime, description, ssdeep, exiftool, missing: [...new Set(missing)] };
  } finally {
    await rm(cwd, { recursive: true, force: true });
  }
}

/** Undefined if a process of its own must be asked, whose exit status tells what is wrong. */
async function readByOpen(exiftool: OpenExiftool | undefined, path: string): Promise<string | undefined> {
  try {
    return await exiftool?.read(path);
  } catch (error) {
    if (error instanceof ExiftoolEnded) return undefined;
    throw error;
  }
}

function hasAny(tools: Tools): boolean {
  return Object.values(tools).some((program) => program !== undefined);
}

const MimeType = z.string().regex(/^[\w.+-]+\/[\w.+-]+$/);

/** All but the tags that describe the spool instead of the sample. */
const EXIFTOOL_ARGUMENTS = ["-json", "--System:All", "--ExifToolVersion"];

/** `<hash>,"<name>"` on the second line, below a heading. */
function readSsdeep(stdout: string): string {
  return /^(\d+:[^,\n]*),/m.exec(stdout)?.[1] ?? "";
}

function readExiftool(stdout: string): Record<string, string> {
  const [tags] = z.array(z.record(z.string(), z.unknown())).parse(parseJson(stdout, isAsPrinted));
  const entries = Object.entries(tags ?? {}).filter(([name]) => name !== "SourceFile" && name !== "ExifToolVersion");
  return Object.fromEntries(entries.slice(0, MAX_TAGS).map(([name, value]) => [name, printed(value).slice(0, MAX_VALUE)]));
}

function printed(value: unknown): string {
  return typeof value === "string" ? value : jsonOf(value);
}

function addMissing<T>(missing: string[], what: string, value: T): T {
  missing.push(what);
  return value;
}
