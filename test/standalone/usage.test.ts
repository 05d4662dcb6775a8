import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { projectPath } from "../../schema/paths.js";

const up = (...args: string[]) =>
  spawnSync(process.execPath, [projectPath("standalone", "bootstrap.mjs"), "up", ...args], { encoding: "utf8" });

test("npm run up says what options there are, and starts nothing for one that it does not have", () => {
  const help = up("--help");
  expect([help.status, help.stdout.split("\n")[0]]).toEqual([0, "Usage: npm run up [-- --with-clamav]"]);
  const unknown = up("--with-clamaw");
  expect([unknown.status, unknown.stdout]).toEqual([2, ""]);
  expect(unknown.stderr).toContain("npm run up has no option --with-clamaw.\n\nUsage: npm run up");
});
