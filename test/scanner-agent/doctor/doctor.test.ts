import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createBundleStore } from "../../../scanner-agent/bundles/bundle-store.js";
import { projectPath } from "../../../schema/paths.js";
import { testLog } from "../../stage/log.js";
import { storedBundles } from "../bundles/stored-bundles.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "scanmesh-test-doctor-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs the command on a host without a mesh. */
function doctor(env: Record<string, string>, ...words: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const argv = [projectPath("dist", "scanner-agent", "main.js"), ...words];
    const all = { PATH: process.env["PATH"], NATS_URL: "nats://127.0.0.1:1", SCANMESH_SPOOL: join(folder, "spool"), ...env };
    execFile(process.execPath, argv, { env: all }, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr }),
    );
  });
}

describe("the doctor", () => {
  test("shows the engines of a host without a mesh, and leaves nothing behind", async () => {
    const { code, stdout } = await doctor({ SCANMESH_ENGINES: "FileInfo,Yara" }, "doctor");
    expect(stdout).toMatch(/^FileInfo +healthy +builtin/m);
    expect(stdout).toMatch(/^Yara +healthy +builtin .* of today$/m);
    expect(code).toBe(0);
    expect(await readdir(join(folder, "spool"))).toEqual([]);
  });

  test("tests engines with what they serve of the mesh's bundles, and says if that is damaged", async () => {
    const bundles = join(folder, "bundles");
    const mesh = storedBundles();
    const served = [mesh.add({ engine: "Yara", files: { "own.yar": "rule Broken { condition: absent }" } })];
    const images = { has: () => Promise.resolve(false), load: () => Promise.resolve(), remove: () => Promise.resolve(true) };
    const options = {
      folder: bundles,
      // Its spool is another one than whoever asks has set.
      owner: { agent: "examined", internet: "isolated", spool: "/elsewhere" } as const,
      limit: 1024 ** 3,
      bytesPerSecond: 1024 ** 3,
      reader: mesh,
      images,
      log: testLog("bundles"),
    };
    const store = createBundleStore(options);
    const signal = new AbortController().signal;
    await store.provide("Yara", served, { signal, onWait: () => undefined, onProgress: () => undefined });
    await store.writeServed({ yara: { serving: served, previous: [], target: served } });
    store.stop();
    const env = { SCANMESH_ENGINES: "Yara", SCANMESH_BUNDLES: bundles, SCANMESH_AGENT_ID: "examined" };
    const well = await doctor(env, "doctor");
    expect(well.stdout).toContain(`  yara serves main ${served[0]?.digest.slice(0, 12)}`);
    expect(well.stdout).toMatch(new RegExp(`Yara: ${bundles}/folders/\\w+/own.yar:1: .*absent`));
    for (const file of await readdir(join(bundles, "files"))) await rm(join(bundles, "files", file));
    const damaged = await doctor(env, "doctor");
    expect(damaged.stdout).toMatch(/yara: the file own.yar of its bundles in .* is gone or damaged: it serves what its host has/);
    expect(damaged.code).toBe(1);
  });

  test("says what an engine lacks that was turned on without it, and runs the others", async () => {
    const file = join(folder, "engines.yaml");
    await writeFile(file, "engines:\n  ClamAV: off\n  Avast: on\n  Sophos: { slots: many }\n");
    const { code, stdout } = await doctor(
      { SCANMESH_ENGINES_FILE: file, SCANMESH_SECRETS: folder, DOCKER_HOST: "unix:///no/docker.sock" },
      "doctor",
    );
    expect(stdout).toMatch(/^FileInfo +healthy/m);
    expect(stdout).toMatch(/^Avast +unhealthy +- /m);
    expect(stdout).toMatch(/^ {2}Avast: (the secret avast-license is missing|cannot reach Docker)/m);
    expect(stdout).toContain(`  ${file}:4: engines.Sophos.slots: `);
    expect(stdout).toContain(`  ClamAV: off by ${file}:2`);
    expect(stdout).toMatch(/^ {2}VirusTotal: needs .*virustotal-key$/m);
    expect(code).toBe(1);
  });

  test("lists each rule file that is not wholly used, with the line, and is not content", async () => {
    const rules = join(folder, "rules");
    await mkdir(join(rules, "sub"), { recursive: true });
    await writeFile(join(rules, "a.yar"), 'rule A { strings: $a = "x" condition: $a and filename == "a.exe" }\n');
    await writeFile(join(rules, "sub", "b.yar"), "rule B { condition: true }\n\nrule C { condition: absent }\n");
    await writeFile(join(rules, "c.yar"), Buffer.from("// \u{E9}", "latin1"));
    const { code, stdout } = await doctor({ SCANMESH_ENGINES: "Yara", SCANMESH_YARA_RULES: rules }, "doctor");
    expect(stdout).toMatch(/^Yara +healthy/m);
    for (const sentence of [
      `Yara: ${rules}/a.yar:1: rule A can never match: it needs the external variable filename, which is always empty`,
      `Yara: ${rules}/sub/b.yar:3: rule C: unknown identifier \`absent\``,
      `Yara: ${rules}/c.yar is not UTF-8 (line 1)`,
    ])
      expect(stdout).toContain(sentence);
    expect(code).toBe(1);
  });

  test("warns of signatures that are older than they may be", async () => {
    const engines = join(folder, "engines");
    await mkdir(engines);
    const answer = (infected: boolean) =>
      `echo '{"aged":{"infected":${infected},"result":"","engine":"1","updated":"20200102"}}'`;
    const script = `if grep -q EICAR "$1"; then ${answer(true)}; else ${answer(false)}; fi`;
    const head = "type: AV\nspeed: FAST\ninternet: false\noutput: malice\n";
    const run = `run:\n  process: { command: ${JSON.stringify(["sh", "-c", script, "sh", "{file}"])} }\n`;
    await writeFile(join(engines, "aged.yaml"), `name: Aged\n${head}${run}`);
    await writeFile(join(engines, "patient.yaml"), `name: Patient\n${head}staleAfter: 999999h\n${run}`);
    const { code, stdout } = await doctor({ SCANMESH_ENGINES: "Aged,Patient", SCANMESH_ENGINES_DIR: engines }, "doctor");
    expect(stdout).toMatch(/^Aged +healthy/m);
    expect(stdout).toMatch(/^ {2}Aged: its signatures are older than its manifest allows/m);
    expect(stdout).not.toContain("Patient: ");
    expect(code).toBe(1);
  });

  test.each([["--help"], ["doctor", "--help"], ["-h"]])("is explained by %s %s, whatever the settings are", async (...words) => {
    const { code, stdout, stderr } = await doctor({ SCANMESH_SLOTS: "0" }, ...words);
    expect([code, stdout.split("\n")[0], stderr]).toEqual([
      0,
      "Usage: npm run agent [-- join TOKEN | enlist TOKEN | leave | doctor]",
      "",
    ]);
  });

  test.each([
    [
      "a file of engines that is not there",
      { SCANMESH_ENGINES_FILE: "/no/such/file" },
      "doctor",
      /^SCANMESH_ENGINES_FILE: .*no such file/,
    ],
    ["settings that are wrong", { SCANMESH_SLOTS: "0" }, "doctor", /^SCANMESH_SLOTS: /],
    ["another command", {}, "docter", /^unknown command "docter"/],
    ["an argument of the doctor", {}, "doctor --json", /^doctor takes no arguments, but got --json/],
  ])("refuses %s in one sentence", async (_, env, command, sentence) => {
    const { code, stderr } = await doctor(env as unknown as Record<string, string>, ...command.split(" "));
    expect(stderr).toMatch(sentence);
    expect(code).toBe(2);
  });
});
