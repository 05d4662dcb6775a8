/**
 * The agent's health check in a container: whether its process, the only one that is there for long, holds a connection to NATS.
 * An agent whose engines are not healthy says so in the mesh's list, and is no reason to start it again.
 */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const ESTABLISHED = "01";
const named = process.env.NATS_URL;
const servers = (named ? named.split(",") : joinedServers()) ?? ["nats://127.0.0.1:4222"];
const ports = new Set(
  servers.map((server) => Number(new URL(server.includes("://") ? server : `nats://${server}`).port || 4222)),
);

// Without IPv6 there is only the first.
const tables = ["/proc/net/tcp", "/proc/net/tcp6"].filter((table) => existsSync(table));
const isConnected = tables.some((table) =>
  readFileSync(table, "utf8")
    .trim()
    .split("\n")
    .slice(1)
    .some((line) => {
      const [, , remote = "", state] = line.trim().split(/\s+/);
      return state === ESTABLISHED && ports.has(Number.parseInt(remote.split(":")[1] ?? "", 16));
    }),
);

if (!isConnected) process.stderr.write("no connection to NATS\n");
process.exitCode = isConnected ? 0 : 1;

/** What the mesh has said where NATS is. */
function joinedServers() {
  const folder = process.env.SCANMESH_IDENTITY;
  if (!folder || !existsSync(folder)) return undefined;
  const files = readdirSync(folder).map((name) => join(folder, name, "agent.json"));
  const found = files.filter((file) => existsSync(file)).flatMap((file) => JSON.parse(readFileSync(file, "utf8")).servers);
  return found.length === 0 ? undefined : found;
}
