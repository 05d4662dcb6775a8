/** Loaded into a process under test: tells over its IPC channel what the process has used so far. */

process.on("message", (/** @type {{ ask?: "processor" | "memory" }} */ { ask }) => {
  if (ask === "processor") {
    const { user, system } = process.cpuUsage();
    process.send?.({ kind: "processor", value: (user + system) / 1_000 });
  }
  if (ask === "memory") {
    for (let i = 0; i < 3; i++) globalThis.gc?.();
    const { heapUsed, external } = process.memoryUsage();
    process.send?.({ kind: "memory", value: heapUsed + external });
  }
});
