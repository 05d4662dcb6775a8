/** Finding programs. The folders of system programs are not on an ordinary user's PATH, so they are looked through as well. */

import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";

const SYSTEM_FOLDERS = ["/usr/sbin", "/usr/local/sbin", "/sbin", "/usr/local/bin", "/opt/homebrew/bin", "/opt/homebrew/sbin"];

/**
 * The path of a program, or undefined if this machine has none of that name.
 * @param {string} name
 * @param {string | undefined} [path] the PATH to look through first
 * @returns {string | undefined}
 */
export function findProgram(name, path = process.env["PATH"]) {
  const folders = [...(path ?? "").split(delimiter).filter((folder) => folder !== ""), ...SYSTEM_FOLDERS];
  return folders.map((folder) => join(folder, name)).find(isProgram);
}

/** @param {string} file */
function isProgram(file) {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch (error) {
    if (error instanceof Error && "code" in error && ["ENOENT", "ENOTDIR", "EACCES"].includes(String(error.code))) return false;
    throw error;
  }
}
