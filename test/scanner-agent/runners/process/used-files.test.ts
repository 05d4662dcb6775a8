import { mkdir, mkdtemp, rename, rm, stat, symlink, unlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { stateOfCommand } from "../../../../scanner-agent/runners/process/used-files.js";

let folder: string;
let script: string;
let rules: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "scanmesh-test-used-"));
  [script, rules] = [join(folder, "scan.sh"), join(folder, "rules.txt")];
  await mkdir(join(folder, "signatures", "daily"), { recursive: true });
  await writeFile(join(folder, "signatures", "daily", "a.db"), "one");
  await writeFile(rules, "one");
  await writeFile(script, `#!/bin/sh\ngrep -qf ${rules} "$1"\n`, { mode: 0o755 });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const stateOf = (command: readonly string[], uses?: readonly string[]) =>
  stateOfCommand({ command: [...command, "{file}"], uses, programPath: "" });

/** Another file under the same name, of the same size and with the same date. */
async function replace(path: string, text: string): Promise<void> {
  const { atime, mtime } = await stat(path);
  await writeFile(`${path}.new`, text, { mode: 0o755 });
  await utimes(`${path}.new`, atime, mtime);
  await rename(`${path}.new`, path);
}

test.each([
  ["a script", () => [script]],
  ["a script of an interpreter", () => ["sh", script]],
])("%s: the same until it is edited, even by as many bytes and with its old date", async (_, command) => {
  const before = await stateOf(command());
  expect(before).not.toBeNull();
  expect(await stateOf(command())).toBe(before);
  await replace(script, `#!/bin/sh\ngrep -qx ${rules} "$1"\n`);
  expect(await stateOf(command())).not.toBe(before);
});

test.each<[string, () => string[], (() => string[])?]>([
  ["that a script names", () => [script]],
  ["among the words", () => ["grep", "-qf", rules], () => []],
  ["in an option", () => ["grep", `--file=${rules}`], () => []],
  ["in a script among the words", () => ["sh", "-c", `grep -qf "${rules}" "$1"`, "sh"], () => []],
  ["that the manifest names", () => ["cat"], () => [rules]],
])("a file %s: another as soon as it is replaced, gone or there again", async (_, command, uses) => {
  const seen = [await stateOf(command(), uses?.())];
  expect(seen).not.toContain(null);
  expect(await stateOf(command(), uses?.())).toBe(seen[0]);
  await replace(rules, "two");
  seen.push(await stateOf(command(), uses?.()));
  await unlink(rules);
  seen.push(await stateOf(command(), uses?.()));
  await writeFile(rules, "two");
  seen.push(await stateOf(command(), uses?.()));
  expect(new Set(seen).size).toBe(4);
});

test("a folder: another when something in it is replaced, however deep", async () => {
  const command = ["clamscan", `--database=${folder}/signatures`];
  const before = await stateOf(command, []);
  expect(before).not.toBeNull();
  expect(await stateOf(command, [])).toBe(before);
  await replace(join(folder, "signatures", "daily", "a.db"), "two");
  expect(await stateOf(command, [])).not.toBe(before);
  // Links can lead in circles.
  await symlink(folder, join(folder, "signatures", "daily", "up"));
  expect(await stateOf(command, [])).not.toBeNull();
});

test("a script that another one calls counts too, and the program that runs it", async () => {
  const inner = join(folder, "inner.sh");
  const [shell, other] = [join(folder, "shell"), join(folder, "other")];
  await symlink("/bin/sh", shell);
  await symlink("/bin/cat", other);
  await writeFile(inner, `#!${shell}\necho clean\n`, { mode: 0o755 });
  await writeFile(script, `#!/bin/sh\nexec ${inner} "$1"\n`, { mode: 0o755 });
  const seen = [await stateOf([script])];
  await replace(inner, `#!${shell}\necho CLEAN\n`);
  seen.push(await stateOf([script]));
  await rename(other, shell);
  seen.push(await stateOf([script]));
  expect(new Set(seen).size).toBe(3);
});

test.each<[string, () => string[]]>([
  ["a program", () => ["cat"]],
  ["a program with options", () => ["cat", "-u", "/dev/null"]],
  ["a program that is told a file", () => ["clamscan", `--config=${rules}`]],
  ["a program that is told a script", () => ["clamscan", "--hook", script]],
  ["a shell with -c", () => ["sh", "-c", "clamscan {file}"]],
  ["a shell with -c that names a file", () => ["sh", "-c", `clamscan --config=${rules} {file}`]],
  ["a shell with -c that calls a script", () => ["sh", "-c", `${script} {file}`]],
  ["a shell with -c and a script as its name", () => ["sh", "-c", 'clamscan "$1"', script]],
])("%s is unknown, since its signatures may be anywhere, unless the manifest says what it uses", async (_, command) => {
  expect(await stateOf(command())).toBeNull();
  expect(await stateOf(command(), [])).not.toBeNull();
});

test("a folder of everything, and a file that may not be looked at, are unknown", async () => {
  const closed = join(folder, "closed");
  await symlink(closed, closed);
  expect(await stateOf(["grep", `--file=${closed}`], [])).toBeNull();
  expect(await stateOf(["cat"], ["/usr"])).toBeNull();
});
