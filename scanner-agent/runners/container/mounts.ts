import { realpath, stat } from "node:fs/promises";
import { hasCode, Unavailable } from "../../contract.js";
import { stateOfFiles } from "../fingerprint.js";
import { findSignatures } from "../clamd/database.js";
import type { ContainerEngine } from "./recipe.js";

/** Stands in a manifest for the folder of ClamAV's signatures. */
export const CLAMAV_DB = "{clamav-db}";

/** The content of an engine's mounts, as far as the agent sees it. */
export interface Mounts {
  /**
   * A container keeps the folder that a path named when the container was made. If another folder takes over the path, as with updated
   * signatures, only a new container sees it.
   */
  readonly paths: string;
  /** The files of ClamAV's signatures: clamd in a container reads them once, when it starts. */
  readonly signatures: string;
  readonly warnings: readonly string[];
}

/** Where they lead now, and which of ClamAV's signatures are there. */
export async function readMounts({ run, clamavDb, clamavState }: ContainerEngine): Promise<Mounts> {
  const paths = await Promise.all(run.mounts.map(({ from }) => resolvePath(from.replace(CLAMAV_DB, clamavDb))));
  const { state, warnings } = run.mounts.some(({ from }) => from === CLAMAV_DB)
    ? await lookAtSignatures(clamavDb, clamavState)
    : { state: "", warnings: [] };
  return { paths: paths.join("\n"), signatures: state, warnings };
}

/** What is in all of them. */
export interface MountContent {
  readonly state: string;
  /** Whether a single file is mounted: a container keeps it even when the file is replaced. */
  readonly hasFiles: boolean;
}

/** What is in all of them now; null if the agent does not see that. */
export async function readMountContent(engine: ContainerEngine, { signatures }: Mounts): Promise<MountContent | null> {
  const others = engine.run.mounts
    .filter(({ from }) => from !== CLAMAV_DB)
    .map(({ from }) => from.replace(CLAMAV_DB, engine.clamavDb));
  const kinds = await Promise.all(others.map(kindOf));
  const isUnseen = kinds.includes("unseen") || (others.length < engine.run.mounts.length && signatures === "");
  const files = isUnseen ? null : await stateOfFiles(others);
  return files === null ? null : { state: `${signatures}\n${files}`, hasFiles: kinds.includes("file") };
}

/** The agent does not see into volumes, and not all that another host has. */
async function kindOf(path: string): Promise<"folder" | "file" | "unseen"> {
  if (!path.startsWith("/")) return "unseen";
  try {
    return (await stat(path)).isDirectory() ? "folder" : "file";
  } catch (error) {
    if (hasCode(error, "ENOENT", "EACCES", "ENOTDIR")) return "unseen";
    throw error;
  }
}

/** The agent may not see the Docker host's folder; then it reports nothing about it. */
async function lookAtSignatures(
  folder: string,
  state: string | undefined,
): Promise<{ state: string; warnings: readonly string[] }> {
  try {
    return await findSignatures(folder, state);
  } catch (error) {
    if (error instanceof Unavailable) return { state: "", warnings: [] };
    throw error;
  }
}

/** A path of the Docker host that the agent does not see is used as it is. */
async function resolvePath(path: string): Promise<string> {
  try {
    return path.startsWith("/") ? await realpath(path) : path;
  } catch (error) {
    if (hasCode(error, "ENOENT", "EACCES", "ENOTDIR")) return path;
    throw error;
  }
}
