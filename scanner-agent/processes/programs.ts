import { access, constants, stat } from "node:fs/promises";
import { delimiter, isAbsolute, join } from "node:path";
import { hasCode } from "../contract.js";

/** Folders of system programs, which may be missing from an ordinary user's PATH. */
const SYSTEM_FOLDERS = [
  "/usr/bin",
  "/bin",
  "/usr/sbin",
  "/usr/local/sbin",
  "/sbin",
  "/usr/local/bin",
  "/opt/homebrew/bin",
  "/opt/homebrew/sbin",
];

/** The path of a program of this host, or undefined if there is none of that name. */
export async function findProgram(name: string, programPath: string): Promise<string | undefined> {
  if (name.includes("/")) return isAbsolute(name) && (await isProgram(name)) ? name : undefined;
  const folders = [...programPath.split(delimiter).filter((folder) => folder !== ""), ...SYSTEM_FOLDERS];
  for (const folder of folders) {
    const file = join(folder, name);
    if (await isProgram(file)) return file;
  }
  return undefined;
}

/** Says why a program of that name cannot be run here. */
export async function explainMissing(name: string): Promise<string> {
  if (!name.includes("/")) return `${name} is not installed`;
  if (!isAbsolute(name)) return `${name} is not an absolute path`;
  const found = await stat(name).catch((error: NodeJS.ErrnoException) => error.code);
  if (found === "ENOENT") return `there is no file ${name}`;
  if (typeof found !== "object") return `${name} cannot be inspected (${found})`;
  return `${name} ${found.isFile() ? "may not be executed by this user (chmod +x)" : "is not a file"}`;
}

async function isProgram(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR", "EACCES", "ELOOP")) return false;
    throw error;
  }
}
