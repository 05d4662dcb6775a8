import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { projectPath } from "../../schema/paths.js";
import { alive, processTree } from "./process-tree.js";
import { temporaryFolder } from "./temporary-folder.js";

/** An npm script as its users run it, in an environment of its own. */
function npm(...args: string[]) {
  const { PATH = "", HOME = "" } = process.env;
  const child = spawn("npm", args, { cwd: projectPath(), env: { PATH, HOME }, stdio: "ignore" });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  onTestFinished(() => void child.kill("SIGKILL"));
  return { pid: child.pid ?? 0, ended };
}

/** The processes below one, as soon as one of them was called with that. */
async function treeWith(root: number, called: string): Promise<number[]> {
  const look = async () => {
    const tree = await processTree(root);
    const lines = await Promise.all(tree.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")));
    return lines.some((line) => line.includes(called)) ? tree : [];
  };
  let found: number[] = [];
  await expect.poll(async () => (found = await look())).not.toEqual([]);
  return found;
}

describe.skipIf(process.platform !== "linux")("a signal to npm alone ends all that runs below it, in", () => {
  test("npm test", async () => {
    const dir = await temporaryFolder();
    const config = join(dir, "vitest.config.mjs");
    await writeFile(config, `export default { root: ${JSON.stringify(dir)}, test: { globals: true, pool: "forks" } };`);
    const endless = `import { spawn } from "node:child_process";
      test("never ends", () => new Promise(() => spawn("sleep", ["86399"], { stdio: "ignore" })), 0);`;
    await writeFile(join(dir, "endless.test.mjs"), endless);
    const running = npm("test", "--", "--config", config);
    const tree = await treeWith(running.pid, "86399");
    process.kill(running.pid, "SIGTERM");
    await running.ended;
    expect(await alive(tree)).toEqual([]);
  });

  test("npm run check", async () => {
    const running = npm("run", "check");
    const tree = await treeWith(running.pid, "tsconfig.json");
    process.kill(running.pid, "SIGTERM");
    await running.ended;
    expect(await alive(tree)).toEqual([]);
  });
});
