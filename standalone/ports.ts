/** TCP ports on loopback for the embedded servers: the last one if it is free, so that addresses stay the same. */

import { readFile, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { whenMissing } from "./when-missing.js";

/** The port in `file` if it is free, else a new one. */
export async function choosePort(file: string): Promise<number> {
  const port = Number(await readFile(file, "utf8").catch(whenMissing("")));
  return Number.isInteger(port) && port > 0 && port < 65_536 && (await isFree(port)) ? port : freePort();
}

/** Writes the port down for the next start. */
export async function savePort(file: string, port: number): Promise<void> {
  await writeFile(file, `${port}\n`, { mode: 0o600 });
}

/** A port that nothing listens on at the moment. */
export function freePort(): Promise<number> {
  return listen(0);
}

/** Whether nothing listens on a port of this machine. */
export async function isFree(port: number, host?: string): Promise<boolean> {
  try {
    await listen(port, host);
    return true;
  } catch (error) {
    if (["EADDRINUSE", "EACCES"].includes((error as NodeJS.ErrnoException).code ?? "")) return false;
    throw error;
  }
}

function listen(port: number, host = "127.0.0.1"): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(port, host, () => {
      const { port: got } = server.address() as AddressInfo;
      server.close(() => resolve(got));
    });
  });
}
