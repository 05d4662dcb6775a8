import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { ADD_CLAMAV } from "../../schema/add-clamav.js";
import type { EnginePresence } from "../../schema/presence.js";
import { projectPath } from "../../schema/paths.js";
import { missingEngines } from "../../standalone/summary.js";

const up = (...args: string[]) =>
  spawnSync(process.execPath, [projectPath("standalone", "bootstrap.mjs"), "up", ...args], { encoding: "utf8" });

test("npm run up says what options there are, and starts nothing for one that it does not have", () => {
  const help = up("--help");
  expect([help.status, help.stdout.split("\n")[0]]).toEqual([0, "Usage: npm run up [-- --with-clamav] [--listen ADDRESS]"]);
  const unknown = up("--with-clamaw");
  expect([unknown.status, unknown.stdout]).toEqual([2, ""]);
  expect(unknown.stderr).toContain("npm run up has no option --with-clamaw.\n\nUsage: npm run up");
  const nowhere = up("--with-clamav", "--listen");
  expect([nowhere.status, nowhere.stderr]).toEqual([2, expect.stringContaining("--listen needs an address.")]);
});

test("ClamAV is added by the same command, wherever it is told", () => {
  const option = ADD_CLAMAV.split(" ").at(-1) ?? "";
  expect(up("--help").stdout).toMatch(new RegExp(`^ *${option} +installs ClamAV`, "m"));
  for (const document of ["README.md", "docs/run/compose.md"])
    expect(readFileSync(projectPath(document), "utf8")).toContain(ADD_CLAMAV);
  const lacking = { name: "ClamAV", healthy: false, reason: "clamd is not installed" } as EnginePresence;
  expect(missingEngines([lacking], false)).toEqual([
    `ClamAV takes no part: clamd is not installed. Stop the mesh and start it with: ${ADD_CLAMAV}`,
  ]);
});
