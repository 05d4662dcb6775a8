import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { hasCode } from "../../contract.js";
import { fingerprintOf, stateOfFiles } from "../fingerprint.js";
import { findProgram } from "../../processes/programs.js";

/** A longer script counts as a program. */
const MAX_SCRIPT = 1024 * 1024;
const MAX_SCRIPTS = 100;
const PATHS = /(?<![^\s"'`=:;|&<>(),])\/[^\s"'`=:;|&<>(),$*?{}\\]+/g;
/** Paths that a script names without reading them: they change all the time, or are folders of everything. */
const NOT_READ = /^\/(dev|proc|sys|run)\/|^\/[^/]*$|^\/(usr|var|usr\/local)\/[^/]*$/;

/** A command, as far as it tells which files it uses. */
export interface CommandUse {
  readonly command: readonly string[];
  /** Further files and folders that it reads; undefined: nobody has said whether there are any. */
  readonly uses: readonly string[] | undefined;
  readonly programPath: string;
}

/**
 * What a command's answers depend on now: its program, the scripts among its words, the files and folders that these name by
 * absolute paths, and those that the manifest names. Null if that cannot be known: unless the manifest says what it uses, only a
 * script shows what it reads. A program's signatures may be anywhere, and so may those of what a shell is told to run.
 */
export async function stateOfCommand({ command, uses, programPath }: CommandUse): Promise<string | null> {
  const files = new Set<string>();
  const scripts = new Map<string, string>();
  const program = await findProgram(command[0] ?? "", programPath);
  const named = command.flatMap(pathsIn).filter((path) => path !== program);
  const waiting = [...(program === undefined ? [] : [program]), ...named];

  for (const path of waiting) {
    if (files.has(path)) continue;
    files.add(path);
    const script = await readScript(path);
    if (script === undefined) continue;
    if (scripts.size === MAX_SCRIPTS) return null;
    scripts.set(path, script);
    for (const word of interpreterOf(script)) {
      const interpreter = await findProgram(word, programPath);
      if (interpreter !== undefined) waiting.push(interpreter);
    }
    waiting.push(...pathsIn(script));
  }

  // The command is a script, or an interpreter and a script.
  const isScript = [program, command[1]].some((path) => path !== undefined && scripts.has(path));
  if (uses === undefined && !isScript) return null;
  const state = await stateOfFiles([...files, ...(uses ?? [])].toSorted());
  return state === null ? null : fingerprintOf([command, state, [...scripts]]);
}

function pathsIn(text: string): string[] {
  return (text.match(PATHS) ?? []).map((path) => resolve(path)).filter((path) => !NOT_READ.test(path));
}

/** The words after `#!`. */
function interpreterOf(script: string): string[] {
  return script.slice(2).split("\n", 1)[0]?.trim().split(/\s+/) ?? [];
}

async function readScript(path: string): Promise<string | undefined> {
  try {
    const stats = await stat(path);
    if (!stats.isFile() || stats.size > MAX_SCRIPT) return undefined;
    const text = await readFile(path, "utf8");
    return text.startsWith("#!") ? text : undefined;
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR", "ELOOP", "EACCES")) return undefined;
    throw error;
  }
}
