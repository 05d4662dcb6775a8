/** `npm run up` as its users run it, for a test. */

import { spawn } from "node:child_process";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import { projectPath } from "../../schema/paths.js";
import { alive, processTree } from "./process-tree.js";
import { temporaryFolder } from "./temporary-folder.js";

/** How long a start may take: it ends what hangs, and measures nothing. */
export const START_MS = 270_000;

/** `npm run up` without npm, in an environment of its own, so that nobody's settings change the test. */
export function up(home: string, env: Record<string, string> = {}, reader: "reads" | "gone" = "reads") {
  const { PATH = "", HOME = "" } = process.env;
  const child = spawn(process.execPath, [projectPath("standalone", "bootstrap.mjs"), "up"], {
    env: { PATH, HOME, SCANMESH_HOME: home, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    if (reader === "gone") stream.destroy();
    else stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  }
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  onTestFinished(async () => {
    const tree = await processTree(child.pid ?? 0);
    child.kill("SIGKILL");
    await expect.poll(() => alive(tree)).toEqual([]);
  });
  return {
    pid: child.pid ?? 0,
    ended,
    output: () => output,
    kill: (signal: NodeJS.Signals) => child.kill(signal),
    isUp: () => expect.poll(() => output, { timeout: START_MS }).toContain("ScanMesh is up."),
    url: () => /http:\/\/127\.0\.0\.1:\d+/.exec(output)?.[0] ?? "",
  };
}

/** A data folder of the test's own. */
export async function home(): Promise<string> {
  return join(await temporaryFolder(), "home");
}
