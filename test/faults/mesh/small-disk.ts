/** File systems that are easily filled: they are in memory, and only root can mount them. */

import { execFile } from "node:child_process";
import { mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const BLOCK = Buffer.alloc(1024 * 1024, 0x5a);

export interface SmallDisk {
  /** Leaves not a byte. */
  fill(): Promise<void>;
  empty(): Promise<void>;
  unmount(): Promise<void>;
}

export const canMount = (): boolean => process.platform === "linux" && process.getuid?.() === 0;

export async function mountSmallDisk(folder: string, mib: number): Promise<SmallDisk> {
  await mkdir(folder, { recursive: true });
  await run("mount", ["-t", "tmpfs", "-o", `size=${mib}m,mode=0755`, "scanmesh-faults", folder]);
  const ballast = join(folder, "ballast");
  return {
    async fill() {
      const file = await open(ballast, "a");
      try {
        for (let bytes = BLOCK; bytes.length > 0;) {
          try {
            await file.appendFile(bytes);
          } catch (error) {
            if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
            bytes = bytes.subarray(0, Math.floor(bytes.length / 2));
          }
        }
      } finally {
        await file.close();
      }
    },
    empty: () => rm(ballast, { force: true }),
    // What ran there may need a moment to be gone: the mount goes with its last user.
    unmount: async () => void (await run("umount", ["--lazy", folder])),
  };
}
