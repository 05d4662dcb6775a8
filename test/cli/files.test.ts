import { execFileSync, spawn } from "node:child_process";
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { pathText } from "../../cli/find-files.js";
import { projectPath } from "../../schema/paths.js";
import { startPuppetGateway } from "./puppet-gateway.js";
import { startScan } from "./run-scan.js";

const folder = mkdtempSync(join(tmpdir(), "scanmesh-files-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe("a file that changes while it is sent", () => {
  /** Far more than lies in the buffers of two connections. */
  const SIZE = 64_000_000;

  /** Passes everything on and tells when the first megabyte has passed: most of the file is still to be read then. */
  async function proxied(url: string, onMegabyte: () => void): Promise<string> {
    const target = Number(new URL(url).port);
    let [passed, isTold] = [0, false];
    const proxy = createServer((incoming) => {
      const outgoing = connect(target, "127.0.0.1");
      outgoing.pipe(incoming);
      incoming.on("error", () => outgoing.destroy()).on("close", () => outgoing.destroy());
      outgoing.on("error", () => incoming.destroy());
      incoming.on("data", (bytes) => {
        outgoing.write(bytes);
        passed += bytes.length;
        if (isTold || passed < 1_000_000) return;
        isTold = true;
        onMegabyte();
      });
    });
    await new Promise<void>((resolve) => void proxy.listen(0, "127.0.0.1", resolve));
    afterAll(() => void proxy.close());
    return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  }

  it.each([
    ["shrinks", (path: string) => truncateSync(path, 0)],
    ["shrinks a little", (path: string) => truncateSync(path, SIZE - 1)],
    ["grows", (path: string) => appendFileSync(path, "more")],
    ["is written over", (path: string) => writeFileSync(path, Buffer.alloc(SIZE, "b"), { flag: "r+" })],
  ])("ends that file alone if it %s", async (_, change) => {
    const gateway = await startPuppetGateway();
    const path = file("changing.bin", Buffer.alloc(SIZE, "a"));
    const url = await proxied(gateway.url, () => change(path));
    const { code, stdout } = await startScan(["--url", url, path, file("other.txt", "fine")]).ended;
    expect(stdout).toContain("changing.bin: changed while it was read");
    expect(stdout).toContain("other.txt: CLEAN");
    expect([...gateway.samples.keys()]).toEqual(["other.txt"]);
    expect(code).toBe(2);
  });
});

describe("where the user stands", () => {
  it("is what paths are relative to, by npm and without it", async () => {
    const gateway = await startPuppetGateway();
    file("package.json", "bad");
    const env = { PATH: process.env["PATH"] ?? "", HOME: folder, SCANMESH_HOME: "/no-mesh-here" };
    const npm = ["--prefix", projectPath(), "run", "--silent", "scan", "--", "--url", gateway.url, "package.json"];
    for (const [command, args] of [
      ["npm", npm],
      [process.execPath, [projectPath("standalone", "bootstrap.mjs"), "scan", "--url", gateway.url, "package.json"]],
    ] as const) {
      const child = spawn(command, args, { cwd: folder, env, stdio: "ignore" });
      expect(await new Promise((resolve) => child.once("close", resolve))).toBe(1);
    }
    expect(gateway.samples.get("package.json")?.toString()).toBe("bad");
  });

  it("is the working folder, if the script of another project started the command", async () => {
    const gateway = await startPuppetGateway();
    const other = join(folder, "other");
    mkdirSync(other);
    writeFileSync(join(other, "package.json"), "bad");
    const child = spawn(
      process.execPath,
      [projectPath("standalone", "bootstrap.mjs"), "scan", "--url", gateway.url, "README.md"],
      {
        cwd: projectPath(),
        env: { PATH: process.env["PATH"], INIT_CWD: other, npm_package_json: join(other, "package.json") },
        stdio: "ignore",
      },
    );
    expect(await new Promise((resolve) => child.once("close", resolve))).toBe(0);
    expect(gateway.samples.get("README.md")).toEqual(readFileSync(projectPath("README.md")));
  });
});

describe("what is no regular file", () => {
  it("is read where the kernel makes it", async () => {
    const gateway = await startPuppetGateway();
    const paths = ["/proc/version", "/proc/self/environ", "/sys/kernel/mm/transparent_hugepage/enabled"];
    const { code, stderr } = await startScan(["--url", gateway.url, ...paths], { MARK: "bad" }).ended;
    expect(stderr).toBe("");
    expect(gateway.samples.get("version")).toEqual(readFileSync("/proc/version"));
    expect(gateway.samples.get("environ")?.includes("MARK=bad")).toBe(true);
    expect(gateway.samples.get("enabled")).toEqual(readFileSync("/sys/kernel/mm/transparent_hugepage/enabled"));
    expect(code).toBe(1);
  });

  it("is read from standard input, once", async () => {
    const gateway = await startPuppetGateway();
    const input = Buffer.concat([Buffer.alloc(3_000_000, "x"), Buffer.from("bad")]);
    const { code, stdout, stderr } = await startScan(["--url", gateway.url, "-", "-"], {}, input).ended;
    expect(stdout).toContain("-: INFECTED");
    expect(stderr).toBe("-: standard input can be read only once\n");
    expect(gateway.samples.get("standard input")?.equals(input)).toBe(true);
    expect(code).toBe(1);
  });

  it("is refused by a sentence if it is a pipe or a device", async () => {
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    const { code, stderr } = await startScan([pipe, "/dev/zero"]).ended;
    expect(stderr).toBe(
      `${pipe}: a pipe; scan what comes out of it by "-": npm run scan -- - < PIPE\n/dev/zero: not a regular file\n`,
    );
    expect(code).toBe(2);
  });
});

describe("a folder", () => {
  it("is searched to the bottom, with a count at the end", async () => {
    const gateway = await startPuppetGateway();
    const root = join(folder, "tree");
    mkdirSync(join(root, "a", "b"), { recursive: true });
    writeFileSync(join(root, "a", "b", "deep.exe"), "bad");
    writeFileSync(join(root, "top.txt"), "fine");
    writeFileSync(Buffer.from(`${root}/caf\xe9.exe`, "latin1"), "bad latin1");
    symlinkSync("top.txt", join(root, "link.txt"));
    symlinkSync("nowhere", join(root, "dangling"));
    symlinkSync("..", join(root, "a", "round"));
    execFileSync("mkfifo", [join(root, "pipe")]);
    const { code, stdout, stderr } = await startScan(["--url", gateway.url, root]).ended;
    expect(stderr).toBe("");
    expect(stdout).toContain(`${root}/a/b/deep.exe: INFECTED`);
    expect(stdout).toContain(`${root}/caf\\xe9.exe: INFECTED`);
    expect(stdout).toMatch(/^4 of 4 {2}/m);
    expect(stdout.trimEnd().split("\n").at(-1)).toMatch(
      /^4 files: (2 INFECTED, 2 CLEAN|2 CLEAN, 2 INFECTED); 3 links to folders or to nothing, pipes, sockets or devices were passed over$/,
    );
    expect(code).toBe(1);
  });

  it("without a file in it proves nothing", async () => {
    const empty = join(folder, "empty");
    mkdirSync(empty);
    const { code, stdout, stderr } = await startScan([empty, ""]).ended;
    expect(stderr).toBe(`"": there is no such file\n${empty}: there is no file in this folder\n`);
    expect(stdout).toBe("1 file: 1 not scanned\n");
    expect(code).toBe(2);
  });
});

describe("a name that is not UTF-8", () => {
  it("is refused as an argument, whether npm or Node has changed it", async () => {
    const gateway = await startPuppetGateway();
    file("invoice\ufffd.exe", "harmless");
    writeFileSync(Buffer.from(`${folder}/invoice\xe9.exe`, "latin1"), "bad");
    const line = `cd "${folder}" && "${process.execPath}" "${projectPath("dist", "cli", "scan.js")}" --url ${gateway.url} invoice*`;
    const { status, stderr } = await new Promise<{ status: number | null; stderr: string }>((resolve) => {
      const child = spawn("bash", ["--norc", "-c", line], { stdio: ["ignore", "ignore", "pipe"] });
      let text = "";
      child.stderr.setEncoding("utf8").on("data", (part: string) => (text += part));
      child.once("close", (code) => resolve({ status: code, stderr: text }));
    });
    expect(stderr.match(/its name is not UTF-8 and did not arrive whole/g)).toHaveLength(2);
    expect(status).toBe(2);
    expect(gateway.samples.size).toBe(0);
  });

  it.each([
    ["caf\u00e9 \u6f22 \u{1f600}", "caf\u00e9 \u6f22 \u{1f600}"],
    [Buffer.from([0x61, 0xe9, 0x62]), "a\\xe9b"],
    [Buffer.from([0xc3, 0x28, 0xff]), "\\xc3(\\xff"],
    [Buffer.from([0xed, 0xa0, 0x80]), "\\xed\\xa0\\x80"],
  ])("is shown with its bytes: %j", (path, text) => expect(pathText(Buffer.from(path as string))).toBe(text));
});
