import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, it } from "vitest";
import { projectPath } from "../../schema/paths.js";
import { findRunningMesh } from "../../standalone/home.js";
import { home, START_MS, up } from "./run-up.js";

/** How a program ends that speaks to readers who are gone, and would end with 7. */
async function statusOf(survive: string): Promise<unknown> {
  const script = `
    ${survive}
    process.stdin.once("data", () => {
      for (let i = 0; i < 3; i++) for (const stream of [process.stdout, process.stderr]) stream.write("a line\\n");
      setTimeout(() => process.exit(7), 50);
    });`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], { cwd: projectPath() });
  child.stdout.destroy();
  child.stderr.destroy();
  child.stdin.write("go on");
  const [code] = await once(child, "exit");
  return code;
}

it("a program that lasts goes on when nobody reads its output any more", async () => {
  expect(await statusOf("")).not.toBe(7);
  expect(await statusOf('(await import("./dist/development/schema/lost-output.js")).surviveLostOutput();')).toBe(7);
  const guard = 'const guard = await import("./standalone/exit-status.mjs"); guard.guardExitStatus();';
  expect(await statusOf(guard)).toBe(141);
  expect(await statusOf(`${guard} guard.ignoreLostOutput();`)).toBe(7);
});

it("so does npm run up, to the end", async () => {
  const dir = await home();
  const mesh = up(dir, { SCANMESH_ENGINES: "FileInfo" }, "gone");
  await expect.poll(async () => (await findRunningMesh(dir))?.url, { timeout: START_MS }).toBeTruthy();
  const { url } = (await findRunningMesh(dir)) ?? {};
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  mesh.kill("SIGTERM");
  expect(await mesh.ended).toBe(0);
});
