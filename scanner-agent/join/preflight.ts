/** What is looked at before a host joins, so that what is wrong is said at once and by one sentence. */

import { mkdir, statfs } from "node:fs/promises";
import { connect } from "node:net";
import { totalmem } from "node:os";
import { JoinError } from "../../schema/join-errors.js";
import { sizeText } from "../../schema/settings.js";
import type { AgentConfig, JoinedAgent } from "../config.js";

const GIB = 1024 ** 3;
/** What a host needs. A host of one gibibyte shows a little less, since the kernel keeps some. */
const NEEDED = { disk: 2 * GIB, memory: 0.9 * GIB, memoryWithClamav: 2.7 * GIB };
const CONNECT_MS = 5_000;

/** Throws {@link JoinError} for a host that has too little room. */
export async function checkHost({ spool, engines }: Pick<AgentConfig, "spool" | "engines">): Promise<void> {
  await mkdir(spool, { recursive: true, mode: 0o700 });
  const { bavail, bsize } = await statfs(spool);
  if (bavail * bsize < NEEDED.disk) throw new JoinError("DISK_TOO_SMALL", `${sizeText(bavail * bsize)} in ${spool}`);
  const runsClamav = engines.some((name) => name.toLowerCase() === "clamav");
  // What a container may have, or the whole host.
  const memory = process.constrainedMemory() || totalmem();
  const have = Math.min(memory, totalmem());
  if (have < (runsClamav ? NEEDED.memoryWithClamav : NEEDED.memory)) throw new JoinError("MEMORY_TOO_SMALL", sizeText(have));
}

/** Throws {@link JoinError} if no server of NATS can be reached. */
export async function checkServers({ servers }: Pick<JoinedAgent, "servers">): Promise<void> {
  const answers = await Promise.all(servers.map(listens));
  if (!answers.includes(true)) throw new JoinError("BUS_UNREACHABLE", servers.join(", "));
}

function listens(server: string): Promise<boolean> {
  const { hostname, port } = new URL(/^\w+:\/\//.test(server) ? server : `nats://${server}`);
  return new Promise((resolve) => {
    const socket = connect({ host: hostname.replace(/^\[|\]$/g, ""), port: Number(port || 4222), timeout: CONNECT_MS });
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
    socket.once("timeout", () => end(false));
  });
}
