import { chmod, lstat, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { OperatorError } from "../../schema/operator-error.js";
import { hasCode } from "../contract.js";
import { isRunning, readStartTime } from "../processes/process-table.js";

const Owner = z.object({ pid: z.number().int().positive(), started: z.string().nullable() });

/** The agent's folder on disk, for samples while they are scanned and for the working folders of engines. */
export interface Spool {
  readonly folder: string;
  /** Creates an empty private folder of that name in it. */
  make(name: string): Promise<string>;
  remove(): Promise<void>;
}

/**
 * Claims the folder and removes what a dead agent left there. Throws {@link OperatorError} if a running agent of the same id uses
 * it, or if it belongs to another user.
 */
export async function openSpool(folder: string): Promise<Spool> {
  await mkdir(dirname(folder), { recursive: true, mode: 0o700 });
  const owner = await readOwner(folder);
  if (owner !== undefined && owner.pid !== process.pid && (await isRunning(owner.pid, owner.started))) {
    throw new OperatorError(
      `another agent (process ${owner.pid}) of the same id uses ${folder}: give each SCANMESH_AGENT_ID or SCANMESH_SPOOL of its own`,
    );
  }
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { mode: 0o700 });
  await writeFile(ownerFile(folder), JSON.stringify({ pid: process.pid, started: await readStartTime(process.pid) }));
  return {
    folder,
    async make(name) {
      const path = join(folder, name);
      await rm(path, { recursive: true, force: true });
      await mkdir(path, { recursive: true, mode: 0o700 });
      return path;
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

async function readOwner(folder: string): Promise<z.infer<typeof Owner> | undefined> {
  try {
    const stats = await lstat(folder);
    if (!stats.isDirectory() || (process.getuid !== undefined && stats.uid !== process.getuid())) {
      throw new OperatorError(`${folder} belongs to somebody else: set SCANMESH_SPOOL to a private folder`);
    }
    await chmod(folder, 0o700);
    return Owner.safeParse(JSON.parse(await readFile(ownerFile(folder), "utf8"))).data;
  } catch (error) {
    // There is no folder yet, or its agent died while it created it.
    if (hasCode(error, "ENOENT") || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The file in a spool folder that names the process that uses it. */
export function ownerFile(folder: string): string {
  return join(folder, "owner.json");
}
