import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { ensureBuild } from "../../standalone/install.mjs";

/** Tells of no step. */
const quiet = { step: <T>(_label: string, work: () => T | Promise<T>) => Promise.resolve(work()) } as Parameters<
  typeof ensureBuild
>[1];

test("what was built is built again only after a source has changed, whatever the millisecond", async () => {
  const root = mkdtempSync(join(tmpdir(), "scanmesh-test-install-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  for (const folder of ["schema", "gateway", "scanner-agent", "standalone", "cli", "dist"]) mkdirSync(join(root, folder));
  for (const file of ["tsconfig.json", "package-lock.json"]) writeFileSync(join(root, file), "{}");
  writeFileSync(join(root, "standalone", "build-programs.mjs"), `(await import("node:fs")).appendFileSync("${root}/built", ".")`);
  const builds: number[] = [];
  for (let n = 0; n < 8; n++) {
    writeFileSync(join(root, "cli", "source.ts"), String(n));
    // Made by the build just before its time is noted.
    rmSync(join(root, "gateway", "public"), { recursive: true, force: true });
    for (let times = 0; times < 2; times++) await ensureBuild(root, quiet);
    builds.push(readFileSync(join(root, "built")).length);
  }
  expect(builds).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
});
