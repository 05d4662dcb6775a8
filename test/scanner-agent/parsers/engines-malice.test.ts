import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseMalice } from "../../../scanner-agent/parsers/malice.js";
import { createProcessRunner } from "../../../scanner-agent/runners/process/process.js";
import { projectPath } from "../../../schema/paths.js";
import { EICAR } from "../eicar.js";
import { pathOnly, runOptions } from "../runners/samples.js";

/** The program of the stand-in image, run as it is run in its container. */
const AVSCAN = projectPath("test", "docker", "malice", "avscan");

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "scanmesh-test-malice-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function scan(content: string | Uint8Array, name = "sample") {
  const file = join(folder, name);
  await writeFile(file, content);
  const runner = createProcessRunner({
    command: [AVSCAN, "--timeout", "5", "{file}"],
    detect: AVSCAN,
    version: undefined,
    folder,
    programPath: process.env["PATH"] ?? "",
  });
  return parseMalice(await runner.run(pathOnly(file), runOptions()));
}

describe("a program of the malice contract", () => {
  test("finds EICAR, and nothing in a clean file", async () => {
    const versions = { engine: "1.0", signatures: "42", signatureDate: "2019-07-08T00:00:00.000Z" };
    expect(await scan(EICAR)).toMatchObject({ state: "DONE", verdict: "INFECTED", signature: "EICAR-Test-File", versions });
    expect(await scan("an ordinary text\n")).toMatchObject({ state: "DONE", verdict: "CLEAN", versions });
    expect(await scan("")).toMatchObject({ state: "DONE", verdict: "CLEAN" });
  });

  test.each([
    ["FATAL", "exit status 2"],
    ["ERROR", "the daemon does not answer"],
    ["MUTE.", "it printed no complete JSON object"],
    ["CUT..", "it printed no complete JSON object"],
    ["PANIC", "panic: runtime error"],
  ])("that ends by %s is never clean", async (word, error) => {
    const outcome = await scan(word);
    expect(outcome).toMatchObject({ state: "FAILED", verdict: null });
    expect(outcome.error).toContain(error);
  });
});
