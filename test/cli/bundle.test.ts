import { execFile } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { verifyBundleFile } from "../../cli/bundle-file.js";
import { exportSize } from "../../schema/bundle-export.js";
import { projectPath } from "../../schema/paths.js";
import { OperatorError } from "../../schema/operator-error.js";
import { engine } from "../stage/puppet-agent.js";
import { prepared, usePuppet, useStage } from "../stage/use-stage.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway());
const other = prepared(() => {
  const file = join(stage.folder, "other.pem");
  writeFileSync(file, generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" }));
  return stage.gateway({ SCANMESH_BUNDLE_KEY: file });
});
usePuppet(stage, "puppet", [engine("Av")]);

const CVD = "ClamAV-VDB:30 Nov 2026 08-00 +0000:27500:1:90:x:x:builder:1796025600".padEnd(512);

/** A folder of signatures, with what no engine reads. */
function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(stage.folder, "signatures-"));
  mkdirSync(join(folder, "rules"));
  for (const [path, text] of Object.entries(files)) writeFileSync(join(folder, path), text);
  return folder;
}

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function bundle(url: string, ...args: string[]): Promise<Ran> {
  const run = promisify(execFile)(process.execPath, [projectPath("dist", "cli", "bundle.js"), ...args, "--url", url]);
  return run.then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: unknown) => error as Ran,
  );
}

const exported = prepared(async () => {
  const folder = folderOf({
    "daily.cvd": CVD,
    "rules/a.yar": "rule a {}",
    "rules/empty": "",
    ".hidden": "x",
    "freshclam.dat": "x",
  });
  const published = await bundle(gateway.url, "publish", "av", folder);
  const file = join(stage.folder, "av.bundle");
  const { stderr, code } = await bundle(gateway.url, "export", file, "Av");
  return { folder, published, file, stderr, code, bytes: readFileSync(file) };
});

const trusted = () => [{ publicKey: gateway.context.bundleKey?.publicKey.toString("base64") ?? "" }];

it("a folder is published, listed, and published once", async () => {
  const { code, stdout, stderr } = exported.published;
  expect([code, stderr]).toEqual([0, expect.stringContaining("Published as bundle 1 of av main.")]);
  expect(stdout).toMatch(/^[0-9a-f]{64}\n$/);
  expect(stderr).toContain("2 hidden files and notes of freshclam are left out.");
  expect((await bundle(gateway.url, "list")).stdout).toMatch(/Av +main +1 +27500 +2026-11-30 \d\d:\d\d +521 bytes +3 /);
  const again = await bundle(gateway.url, "publish", "Av", exported.folder);
  expect([again.stdout, again.stderr]).toEqual([
    stdout,
    expect.stringContaining("The mesh has this already: bundle 1 of Av main."),
  ]);
});

it("what it refuses is one sentence", async () => {
  expect(await bundle(gateway.url, "publish", "Aw", exported.folder)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/\nengine: no engine is called Aw; did you mean Av\?\n$/) as string,
  });
  expect((await bundle(gateway.url, "publish", "Av", join(stage.folder, "none"))).stderr).toMatch(/none: .*\n$/);
  const older = folderOf({ "daily.cvd": CVD.replace("27500", "27400") });
  expect((await bundle(gateway.url, "publish", "Av", older)).stderr).toContain("version 27400 is older than 27500");
  expect((await bundle(gateway.url, "export", exported.file, "Av")).stderr).toBe(
    `${exported.file} is there already: name another file.\n`,
  );
  expect((await bundle(gateway.url, "export", join(stage.folder, "x"), "Av", "--sequence", "7")).stderr).toContain(
    "There is no bundle 7",
  );
  expect((await bundle(gateway.url, "trust", "nonsense")).stderr).toMatch(/^nonsense is no public key, and no file with one/);
});

it("an exported bundle is imported by a mesh that trusts the key, and by no other", async () => {
  expect([exported.code, exported.stderr]).toEqual([0, expect.stringMatching(/has bundle 1 of Av main, signed by SHA256:/)]);
  const fingerprint = gateway.context.bundleKey?.fingerprint ?? "";
  const refused = await bundle(other.url, "import", exported.file);
  expect([refused.code, refused.stderr]).toEqual([
    2,
    expect.stringContaining(`is signed by ${fingerprint}, which this mesh does not trust.`),
  ]);
  const shown = (await bundle(gateway.url, "keys")).stdout.split("\n");
  expect(shown[0]).toBe(`this mesh  ${fingerprint}`);
  const trust = await bundle(other.url, "trust", shown[1]?.trim() ?? "", "--name", "head office");
  expect(trust.stdout).toBe(`${fingerprint}\n`);

  const newer = folderOf({ "daily.cvd": CVD.replace("27500", "27501") });
  expect((await bundle(gateway.url, "publish", "Av", newer)).code).toBe(0);
  expect((await bundle(other.url, "import", exported.file)).stderr).toContain(
    "version 27500 is older than 27501, which is bundle 2",
  );
  const forced = await bundle(other.url, "import", exported.file, "--force");
  expect([forced.code, forced.stderr]).toEqual([0, expect.stringContaining("Published as bundle 3 of Av main.")]);
  expect((await bundle(other.url, "list", "--engine", "av")).stdout).toMatch(/ 3 .* imported from head office, bundle 1 *\n/);
  expect((await bundle(other.url, "distrust", fingerprint)).code).toBe(0);
  expect((await bundle(other.url, "import", exported.file)).code).toBe(2);
});

describe("an exported bundle is refused", () => {
  async function verdict(change: (bytes: Buffer) => Buffer): Promise<string> {
    const file = join(stage.folder, "changed.bundle");
    writeFileSync(file, change(Buffer.from(exported.bytes)));
    return verifyBundleFile(file, trusted(), () => {}).then(
      () => "taken",
      (error: unknown) => (error instanceof OperatorError ? error.message.replace(file, "FILE") : String(error)),
    );
  }
  const replace = (bytes: Buffer, from: string, to: string) => {
    const at = bytes.indexOf(from);
    expect(at).toBeGreaterThanOrEqual(0);
    bytes.write(to, at);
    return bytes;
  };

  it("unless it is as it was written", async () => {
    expect(await verdict((bytes) => bytes)).toBe("taken");
    expect(exported.bytes.length).toBe(exportSize([...exportedSizes()]));
  });

  it.each<[string, (bytes: Buffer) => Buffer, RegExp]>([
    [
      "where a file was altered",
      (bytes) => replace(bytes, "rule a {}", "rule b {}"),
      /^FILE was altered or damaged: its file rules\/a.yar is not as it was signed/,
    ],
    [
      "where its list was altered",
      (bytes) => replace(bytes, '"version":"27500"', '"version":"27999"'),
      /^FILE was altered or damaged: its list of files is not as it was signed/,
    ],
    [
      "where its signature was altered",
      (bytes) => replace(bytes, '"signature":"', '"signature":"AAAA'),
      /its list of files is not as it was signed/,
    ],
    ["where it is another archive", (bytes) => replace(bytes, "signature.json", "something.jso"), /^FILE is no exported bundle/],
    ["where it is cut off in a file", (bytes) => bytes.subarray(0, bytes.length - 1_700), /^FILE is cut off/],
    ["where it is cut off behind a file", (bytes) => bytes.subarray(0, bytes.length - 1_024 - 512), /^FILE is cut off/],
    [
      "where it is cut off in its list",
      (bytes) => bytes.subarray(0, 1_600),
      /^FILE is no exported bundle, or the beginning of one is missing/,
    ],
    ["where it is empty", () => Buffer.alloc(0), /^FILE is no exported bundle/],
    ["where it is something else", () => Buffer.from("<html>not found</html>".repeat(100)), /^FILE is no exported bundle/],
  ])("%s", async (_, change, sentence) => {
    expect(await verdict(change)).toMatch(sentence);
  });

  function* exportedSizes(): Generator<number> {
    // Sizes stand in the headers, in octal digits.
    for (let at = 0; at < exported.bytes.length && exported.bytes[at] !== 0;) {
      const size = Number.parseInt(exported.bytes.toString("latin1", at + 124, at + 135), 8);
      yield size;
      at += 512 + Math.ceil(size / 512) * 512;
    }
  }
});
