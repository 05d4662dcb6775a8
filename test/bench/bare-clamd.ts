/** clamd without the mesh, configured as the agent configures its own. */

import { execFile } from "node:child_process";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { CLAMD_LIMITS } from "../../scanner-agent/runners/clamd/limits.js";
import { findSignatures } from "../../scanner-agent/runners/clamd/database.js";
import { startClamd } from "../../scanner-agent/runners/clamd/daemon.js";
import { findProgram } from "../../standalone/programs.mjs";

const TIMEOUT_MS = 60_000;
const CONNECTIONS = 2 * availableParallelism();
const CLEAN = "stream: OK\0";

export interface BareClamd {
  /** Scans one file over a connection of its own. Throws unless it is clean. */
  scan(file: Buffer): Promise<void>;
  /** Seconds for all files by INSTREAM, over several connections at once. */
  byStream(files: readonly Buffer[]): Promise<number>;
  /** Seconds for all files by `clamdscan --multiscan --fdpass`; undefined where that is not installed. */
  byProgram(files: readonly Buffer[]): Promise<number | undefined>;
  stop(): Promise<void>;
}

export async function startBareClamd(signatures: string): Promise<BareClamd> {
  const program = findProgram("clamd");
  if (program === undefined) throw new Error("clamd is not installed");
  const clamdscan = findProgram("clamdscan");
  const options = {
    program,
    owner: "bench",
    signatures: await findSignatures(signatures),
    slots: availableParallelism(),
    timeoutMs: TIMEOUT_MS,
    limits: CLAMD_LIMITS,
  };
  const daemon = await startClamd(options);
  const scan = (file: Buffer) => instream(daemon.socketPath, file);

  return {
    scan,
    async byStream(files) {
      const begun = performance.now();
      let next = 0;
      const work = async () => {
        for (let file = files[next++]; file !== undefined; file = files[next++]) await scan(file);
      };
      await Promise.all(Array.from({ length: CONNECTIONS }, work));
      return (performance.now() - begun) / 1_000;
    },
    async byProgram(files) {
      if (clamdscan === undefined) return undefined;
      const folder = await mkdtemp(join(tmpdir(), "scanmesh-bench-files-"));
      try {
        await chmod(folder, 0o755);
        for (const [i, file] of files.entries()) await writeFile(join(folder, `${i}`), file);
        const begun = performance.now();
        // Status 0: nothing found and no error.
        await promisify(execFile)(clamdscan, [
          `--config-file=${join(dirname(daemon.socketPath), "clamd.conf")}`,
          "--multiscan",
          "--fdpass",
          "--quiet",
          folder,
        ]);
        return (performance.now() - begun) / 1_000;
      } finally {
        await rm(folder, { recursive: true });
      }
    },
    stop: daemon.stop,
  };
}

function instream(socketPath: string, file: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(file.length);
    let reply = "";
    socket.setEncoding("utf8");
    socket.on("data", (part: string) => (reply += part));
    socket.on("error", reject);
    socket.on("close", () => (reply === CLEAN ? resolve() : reject(new Error(`clamd says ${JSON.stringify(reply)}`))));
    for (const part of [Buffer.from("zINSTREAM\0"), length, file, Buffer.alloc(4)]) socket.write(part);
  });
}
