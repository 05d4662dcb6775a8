/** TCP ports on loopback for the embedded servers: the one of last time if it is free, so that addresses stay. */

import { readFile, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { whenMissing } from "./when-missing.js";

/** The port noted in `file` if it is free, else a new one. */
export async function rememberedPort(file: string): Promise<number> {
  const noted = Number(await readFile(file, "utf8").catch(whenMissing("")));
  return Number.isInteger(noted) && noted > 0 && noted < 65_536 && (await isFree(noted)) ? noted : freePort();
}

/** Notes the port for the next start. */
export async function rememberPort(file: string, port: number): Promise<void> {
  await writeFile(file, `${port}\n`, { mode: 0o600 });
}

/** A port that nothing listens on at the moment. */
export function freePort(): Promise<number> {
  return listen(0);
}

async function isFree(port: number): Promise<boolean> {
  try {
    await listen(port);
    return true;
  } catch (error) {
    if (["EADDRINUSE", "EACCES"].includes((error as NodeJS.ErrnoException).code ?? "")) return false;
    throw error;
  }
}

function listen(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      const { port: got } = server.address() as AddressInfo;
      server.close(() => resolve(got));
    });
  });
}
