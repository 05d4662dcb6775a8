/** Several nats-servers that are one NATS. */

import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openLog } from "../../../standalone/log.js";
import { startGuarded } from "../../../standalone/guarded-server.js";
import type { Keys } from "../../../standalone/keys.js";
import { natsConfig } from "../../../standalone/nats-config.js";
import { findNats } from "../../../standalone/nats.js";
import { freePort } from "../../../standalone/ports.js";
import { until } from "../../stage/stage.js";

/** Running servers. */
export interface Servers {
  /** Addresses by the servers' names. */
  readonly servers: Readonly<Record<string, string>>;
  stop(): Promise<unknown>;
}

export async function startCluster(dir: string, keys: Keys, size: number): Promise<Servers> {
  const { program } = await findNats();
  const members = await Promise.all(
    Array.from({ length: size }, async (_, n) => ({ name: `n${n + 1}`, port: await freePort(), route: await freePort() })),
  );
  const routes = members.map(({ route }) => `"nats-route://127.0.0.1:${route}"`).join(", ");
  const started = members.map(async ({ name, port, route }) => {
    const [own, portsDir] = [join(dir, name), join(dir, name, "ports")];
    await mkdir(portsDir, { recursive: true });
    const folders = { storeDir: join(own, "store"), resolverDir: join(own, "accounts"), portsDir };
    const config = natsConfig(keys, { host: "127.0.0.1", port, ...folders, maxFileStore: 256 * 1024 ** 2, serverName: name });
    const cluster = `cluster { name: attacked, listen: "127.0.0.1:${route}", routes: [${routes}] }\n`;
    await writeFile(join(own, "nats.conf"), config + cluster);
    const server = await startGuarded(
      { command: program, args: ["-c", join(own, "nats.conf")], stopSignals: [{ signal: "SIGTERM", afterMs: 0 }] },
      openLog(join(own, "nats.log")),
    );
    await until(`${name} takes connections`, async () => (await readdir(portsDir)).length > 0);
    return server;
  });
  const servers = await Promise.all(started);
  return {
    servers: Object.fromEntries(members.map(({ name, port }) => [name, `nats://127.0.0.1:${port}`])),
    stop: () => Promise.all(servers.map((server) => server.stop())),
  };
}
