import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { runTools, findTools, stateOfTools } from "../../../../scanner-agent/runners/builtin/fileinfo-tools.js";

/** Programs that print what the test says, under the names of FileInfo's tools. */
async function ask(outputs: Readonly<Record<string, string>>) {
  const folder = await mkdtemp(join(tmpdir(), "scanmesh-test-tools-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const [name, output] of Object.entries(outputs)) {
    await writeFile(join(folder, `${name}.out`), output);
    await writeFile(join(folder, name), `#!/bin/sh\nexec /bin/cat '${join(folder, name)}.out'\n`);
    await chmod(join(folder, name), 0o755);
  }
  return runTools(await findTools(folder), "/dev/null", { programPath: folder, folder });
}

test("the state of the tools is another when one is replaced or comes", async () => {
  const folder = await mkdtemp(join(tmpdir(), "scanmesh-test-tools-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const seen = [await stateOfTools(folder)];
  expect(await stateOfTools(folder)).toBe(seen[0]);
  for (const text of ["#!/bin/sh\n", "#!/bin/sh \n"]) {
    await writeFile(join(folder, "exiftool"), text, { mode: 0o755 });
    seen.push(await stateOfTools(folder));
  }
  expect(seen).not.toContain(null);
  expect(new Set(seen).size).toBe(3);
});

test("what a tool prints as a number stays as it printed it", async () => {
  const exiftool =
    '[{"SourceFile":"x","Version":2.10,"Huge":1e400,"Big":1E5,"Zero":-0,"Id":12345678901234567890,"N":7,"T":"1.10","L":[1.10,"a"],"Yes":true}]';
  expect((await ask({ exiftool })).exiftool).toEqual({
    Version: "2.10",
    Huge: "1e400",
    Big: "1E5",
    Zero: "-0",
    Id: "12345678901234567890",
    N: "7",
    T: "1.10",
    L: '["1.10","a"]',
    Yes: "true",
  });
});

test("a tool whose output is odd is missing with its reason, and the others are told", async () => {
  const told = await ask({ exiftool: "[{", ssdeep: 'ssdeep,1.1\n3:abc:d,"x"\n', file: "no type at all" });
  expect(told).toMatchObject({ ssdeep: "3:abc:d", exiftool: {}, mime: undefined });
  expect(told.missing.join()).toMatch(/exiftool: .*JSON/);
});

test("an output nested without end hides nothing else", async () => {
  const deep = `[{"A":"a","Deep":${"[".repeat(60_000)}${"]".repeat(60_000)}}]`;
  expect((await ask({ exiftool: deep })).exiftool).toMatchObject({ A: "a" });
});
