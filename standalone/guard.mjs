/**
 * Runs one server that is not ours (Postgres, nats-server) and stops it when the process that wants it is gone: the IPC
 * channel to that process closes even if it is killed. Started by guarded-server.ts with the server as its JSON argument.
 */

import { spawn } from "node:child_process";

/** @type {import("./guarded-server.js").ServerCommand} */
const { command, args, user, stopSignals } = JSON.parse(process.argv[2] ?? "");

const server = spawn(command, args, {
  cwd: "/",
  stdio: ["ignore", "inherit", "inherit"],
  ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
});
server.on("spawn", () => tell({ kind: "running", pid: server.pid ?? 0 }));
server.on("error", (error) => tell({ kind: "failed", message: error.message }).then(() => process.exit(1)));
server.on("exit", (code, signal) => tell({ kind: "exited", code, signal }).then(() => process.exit(0)));

let stopping = false;
for (const event of ["disconnect", "message", "SIGTERM", "SIGINT", "SIGHUP"]) process.on(event, stop);
if (!process.connected) stop();

/** Asks the server to end, more firmly from time to time. */
function stop() {
  if (stopping) return;
  stopping = true;
  for (const { signal, afterMs } of stopSignals) setTimeout(() => server.kill(signal), afterMs);
}

/**
 * Tells the owner, if there still is one.
 * @param {import("./guarded-server.js").GuardMessage} message
 * @returns {Promise<void>}
 */
function tell(message) {
  return new Promise((resolve) => {
    if (process.connected) process.send?.(message, () => resolve());
    else resolve();
  });
}
