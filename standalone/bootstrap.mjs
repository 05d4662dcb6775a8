/**
 * What the npm scripts run. On a fresh clone there is nothing but Node, so this file and those it loads need nothing else,
 * and it loads them only after it knows that this Node can read them.
 */

const OLDEST_NODE = [20, 19];

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
const [oldestMajor = 0, oldestMinor = 0] = OLDEST_NODE;
if (major < oldestMajor || (major === oldestMajor && minor < oldestMinor)) {
  process.stderr.write(`ScanMesh needs Node ${OLDEST_NODE.join(".")} or later, and this is Node ${process.versions.node}.\n`);
  process.exit(2);
}

async function run() {
  const { guardExitStatus } = await import("./exit-status.mjs");
  guardExitStatus();
  const { runCommand } = await import("./commands.mjs");
  await runCommand(process.argv[2] ?? "", process.argv.slice(3));
}

run().catch((error) => {
  // A file of the clone is missing, say. 1 would be an answer of some commands.
  process.stderr.write(`${error.stack ?? error}\n`);
  process.exit(2);
});
