import { realpath } from "node:fs/promises";
import { hasCode } from "../../contract.js";
import type { ContainerEngine } from "./recipe.js";

/**
 * What an engine's mounts lead to now, as far as the agent sees it. A container keeps what a path led to when it was made; a
 * folder that is replaced by another, as signatures are, needs a new one.
 */
export async function mountFingerprint({ run, clamavDb }: ContainerEngine): Promise<string> {
  const paths = run.mounts.map(({ from }) => from.replace("{clamav-db}", clamavDb));
  return (await Promise.all(paths.map(resolved))).join("\n");
}

/** A path of the Docker host that the agent does not see is what it is. */
async function resolved(path: string): Promise<string> {
  try {
    return path.startsWith("/") ? await realpath(path) : path;
  } catch (error) {
    if (hasCode(error, "ENOENT", "EACCES", "ENOTDIR")) return path;
    throw error;
  }
}
