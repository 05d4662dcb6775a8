import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RawOutput } from "../../../scanner-agent/contract.js";
import { parseMalice } from "../../../scanner-agent/parsers/malice.js";
import { docker, hasDocker } from "../../docker/base-image.js";
import { productImage } from "../../docker/images.js";
import { builtPe } from "../rules/built-pe.js";

describe.skipIf(!hasDocker)("the image of PEScan", () => {
  let folder: string;
  let image: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "scanmesh-test-pescan-"));
    await chmod(folder, 0o755);
    image = await productImage("pescan");
  }, 400_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** As the agent runs it: read-only, without a network or capabilities, as nobody. */
  async function scan(bytes: Uint8Array) {
    await writeFile(join(folder, "sample"), bytes, { mode: 0o444 });
    const fence = ["--network=none", "--read-only", "--cap-drop=ALL", "--user=65534:65534", `--volume=${folder}:/malware:ro`];
    return parseMalice(
      await outputOf("run", "--rm", ...fence, "--entrypoint=/usr/sbin/pescan", image, "scan", "/malware/sample"),
    );
  }

  test("describes a program", async () => {
    const { state, verdict, details } = await scan(
      builtPe({ imports: { "KERNEL32.dll": ["CreatePipe", "WriteFile"], "MSVCRT.dll": ["exit"] } }),
    );
    expect({ state, verdict }).toEqual({ state: "DONE", verdict: null });
    expect(details).toMatchObject({
      info: { machine_type: "0x14c (IMAGE_FILE_MACHINE_I386)", number_of_sections: 2, is_dll: false },
      language: "C",
      imphash: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
      imports: [{ "KERNEL32.dll": [{ name: "CreatePipe" }, { name: "WriteFile" }] }, { "MSVCRT.dll": [{ name: "exit" }] }],
      is_packed: false,
      signature: { heuristic: "No file signature data found" },
      sections: [{ name: ".text" }, { name: ".idata" }],
    });
    for (const key of ["peid", "pehash", "resources"]) expect(details).toHaveProperty(key);
  });

  test("tells a library for 64 bits", async () => {
    expect((await scan(builtPe({ bits: 64, dll: true }))).details).toMatchObject({
      info: { machine_type: "0x8664 (IMAGE_FILE_MACHINE_AMD64)", is_dll: true },
    });
  });

  test.each([
    ["a text", Buffer.from("no program at all\n")],
    ["an empty file", Buffer.alloc(0)],
    ["a program that is cut in its headers", builtPe().subarray(0, 0x90)],
  ])("says of %s that it is not made for it", async (_, bytes) => {
    const outcome = await scan(bytes);
    expect(outcome).toMatchObject({ state: "UNSCANNED", verdict: null });
    expect(outcome.error).toMatch(/^unsupported type: pefile\.PEFormatError/);
  });
});

async function outputOf(...words: string[]): Promise<RawOutput> {
  try {
    return { exitCode: 0, stdout: await docker(...words), stderr: "" };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { exitCode: code, stdout, stderr };
  }
}
