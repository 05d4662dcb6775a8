/**
 * What the npm scripts run. On a fresh clone there is nothing but Node, so this file and those it loads need nothing else,
 * and it loads them only after it knows that this Node can read them.
 */

const OLDEST_NODE = [20, 19];

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
const [oldestMajor = 0, oldestMinor = 0] = OLDEST_NODE;
if (major < oldestMajor || (major === oldestMajor && minor < oldestMinor)) {
  process.stderr.write(`ScanMesh needs Node ${OLDEST_NODE.join(".")} or later, and this is Node ${process.versions.node}.\n`);
  process.exit(1);
}

import("./commands.mjs").then(({ runCommand }) => runCommand(process.argv[2] ?? "", process.argv.slice(3)));
