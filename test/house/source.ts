/** The project's source as the rules of the house see it: files, their text, and what they import. */

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { projectPath } from "../../schema/paths.js";

const SOURCE = /\.(ts|tsx|mjs|js|sql)$/;
const NOT_SOURCES = new Set(["node_modules", "dist", "coverage", "public", "generated"]);

export interface Import {
  readonly from: string;
  /** A path inside the project, or the name of a package. */
  readonly what: string;
}

/** Every source file of the project, except what is installed, built or generated. */
export const files = filesIn(".");

function filesIn(folder: string): string[] {
  return readdirSync(projectPath(folder), { withFileTypes: true }).flatMap((entry) => {
    if (entry.name.startsWith(".") || NOT_SOURCES.has(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesIn(path);
    return SOURCE.test(path) ? [path] : [];
  });
}

/** Those that are shipped. */
export const product = files.filter((file) => !/^(test|examples)\/|^vitest\.config\.ts$/.test(file));

export const textOf = (file: string): string => readFileSync(projectPath(file), "utf8");

/** The text of a file without its comments. */
export const codeOf = (file: string): string => textOf(file).replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, "");

export const imports: readonly Import[] = product.flatMap(importsOf);

/** Every import of a file, the files of its workers included: our own files as paths of the project, packages by name. */
export function importsOf(file: string): Import[] {
  const found = codeOf(file).matchAll(
    /(?:^|\n)\s*(?:import|export)\b(?:[^"';]*?\bfrom)?\s*["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']\s*\)|\bnew URL\("([^"]+)", import\.meta\.url\)/g,
  );
  return [...found].map(([, plain, dynamic, worker]) => {
    const what = plain ?? dynamic ?? worker ?? "";
    return { from: file, what: what.startsWith(".") ? normalize(join(dirname(file), what)).replace(/\.js$/, ".ts") : what };
  });
}

export const houseOf = (file: string) => file.split("/")[0] ?? "";

/** The sources of pages run in browsers: no file of the gateway imports them. */
export const isPage = (file: string) => file.startsWith("gateway/dashboard/");

export const list = (found: Iterable<Import>): string[] => [...found].map(({ from, what }) => `${from} imports ${what}`);
