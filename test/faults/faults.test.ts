/** The quickest cases, as the command runs them. */

import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { projectPath } from "../../schema/paths.js";
import { temporaryFolder } from "../standalone/temporary-folder.js";
import { INVARIANTS } from "./check/invariants.js";

const CASES = ["gateway-dies-after-commit", "gateway-dies-together", "agent-dies-together", "garbage-hints", "hostile-presence"];
/** They take some 80 s on two cores, and several times that where many share them. */
const LIMIT_MS = 1_200_000;

it(
  `the mesh survives ${CASES.join(", ")}`,
  async () => {
    const file = join(await temporaryFolder(), "faults.json");
    const args = [projectPath("standalone", "bootstrap.mjs"), "faults", "--busy", "--json", file];
    const run = promisify(execFile)(process.execPath, [...args, ...CASES.flatMap((name) => ["--case", name])]);
    const { stdout } = await run.catch((error: unknown) => error as { stdout: string });
    const { whole, rows } = JSON.parse(await readFile(file, "utf8")) as {
      whole: boolean;
      rows: { cases: string[]; violations: unknown[]; scans: number }[];
    };
    expect(rows.map((row) => ({ ...row, scans: row.scans > 0 }))).toMatchObject(
      CASES.map((name) => ({ cases: [name], violations: [], scans: true })),
    );
    expect(whole).toBe(true);
    for (const name of CASES) expect(stdout).toContain(`✓ ${name}`);
    expect(stdout).toContain(`${INVARIANTS.length} of ${INVARIANTS.length}`);
  },
  LIMIT_MS,
);
