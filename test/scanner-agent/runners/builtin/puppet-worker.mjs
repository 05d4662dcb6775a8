/** A worker that does what the sample's path says. */

import { parentPort, threadId } from "node:worker_threads";
import { serveWorker } from "../../../../dist/development/scanner-agent/runners/builtin/worker-server.js";

serveWorker(async (/** @type {unknown} */ given) => {
  const data = /** @type {{ refuse?: boolean, problems?: string[], version?: string }} */ (given);
  if (data.refuse) throw new Error("it cannot be made ready");
  return {
    problems: data.problems ?? [],
    versions: { engine: data.version ?? "1", signatures: null, signatureDate: null },
    /** @param {{ path: string | null }} sample */
    async scan({ path }) {
      if (path === "exit") process.exit(7);
      if (path === "abort") process.abort();
      if (path === "kill") process.kill(process.pid, "SIGKILL");
      if (path === "nonsense") parentPort?.postMessage(null);
      if (path === "throw") throw new Error("it threw");
      if (path === "crash") setImmediate(() => JSON.parse("{"));
      if (path === "memory") for (const hoard = []; ;) hoard.push(Array(1_000_000).fill(hoard.length));
      if (path === "spin") for (;;);
      if (path === "crash" || path === "wait") await new Promise((resolve) => setTimeout(resolve, 600_000));
      return { path, pid: process.pid, thread: threadId };
    },
  };
});
