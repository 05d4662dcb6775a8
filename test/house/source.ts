/** The project's source as the rules of the house see it: files, their text, and what they import. */

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { projectPath } from "../../schema/paths.js";

const SOURCE = /\.(ts|tsx|mjs|js|sql)$/;

export interface Import {
  readonly from: string;
  /** A path inside the project, or the name of a package. */
  readonly what: string;
}

/** Every source file of the project, generated ones excepted. */
export const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  cwd: projectPath(),
  encoding: "utf8",
})
  .split("\n")
  .filter((file) => SOURCE.test(file) && existsSync(projectPath(file)) && !file.includes("/generated/"));

/** Those that are shipped. */
export const product = files.filter((file) => !file.startsWith("test/") && !file.startsWith("examples/"));

export const textOf = (file: string): string => readFileSync(projectPath(file), "utf8");

/** The text of a file without its comments. */
export const codeOf = (file: string): string => textOf(file).replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, "");

export const imports: readonly Import[] = product.flatMap(importsOf);

/** Every import of a file: our own files as paths of the project, packages by name. */
function importsOf(file: string): Import[] {
  const found = codeOf(file).matchAll(
    /(?:^|\n)\s*(?:import|export)\b[^"';]*?["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']\s*\)/g,
  );
  return [...found].map(([, plain, dynamic]) => {
    const what = plain ?? dynamic ?? "";
    return { from: file, what: what.startsWith(".") ? normalize(join(dirname(file), what)).replace(/\.js$/, ".ts") : what };
  });
}
