import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { EngineVerdict } from "../../schema/states.js";
import { engine } from "../stage/puppet-agent.js";
import { until } from "../stage/stage.js";
import { prepared, usePuppet, useStage } from "../stage/use-stage.js";
import { listen, startScan } from "./run-scan.js";

let stopped = false;
/** What the engine says by sha256; it does not answer for what is not here. */
const verdicts = new Map<string, EngineVerdict | "FAILED">();

const stage = useStage();
const gateway = prepared(() => stage.gateway());
const agent = usePuppet(stage, "puppet", [engine("ClamAV")]);

beforeAll(async () => {
  void answerAll();
});

afterAll(async () => {
  stopped = true;
});

async function answerAll(): Promise<void> {
  while (!stopped) {
    const taken = await agent.take("ClamAV", { seconds: 1 }).catch(() => undefined);
    const verdict = taken && verdicts.get(taken.request.sample.sha256);
    if (!taken || !verdict) continue;
    const answer = verdict === "FAILED" ? { state: verdict, error: "exit status 2" } : { verdict };
    await agent.answer("ClamAV", { scan: taken.request.scan, signature: verdict === "INFECTED" ? "Win.Test" : null, ...answer });
    taken.ack();
  }
}

function file(
  name: string,
  verdict: EngineVerdict | "FAILED" | "never",
  content: string | Uint8Array = `${name} ${verdict}`,
): string {
  const path = join(stage.folder, name);
  writeFileSync(path, content);
  if (verdict !== "never") verdicts.set(createHash("sha256").update(content).digest("hex"), verdict);
  return path;
}

/** With a home that belongs to this file. */
const start = (args: string[], env: Record<string, string> = {}) =>
  startScan(args, { SCANMESH_HOME: join(stage.folder, "no-mesh-here"), ...env });

const scan = (...args: string[]) => start(["--url", gateway.url, ...args]).ended;

describe("scanning files", () => {
  it("tells each engine's word on a line of its own and ends with 0 for a clean file", async () => {
    const path = file("clean.txt", "CLEAN");
    const { code, stdout, stderr } = await scan(path);
    expect(stderr).toBe("");
    expect(stdout.split("\n")).toEqual([
      expect.stringMatching(/^.*clean\.txt: scan \d+, 1 engine$/),
      `${path}: ClamAV clean`,
      expect.stringMatching(/^.*clean\.txt: CLEAN \(0 of 1 engine detects it, 1 done; scan \d+\)$/),
      "",
    ]);
    expect(code).toBe(0);
  });

  it("ends with 1 for an infected file, whatever else is wrong", async () => {
    const { code, stdout, stderr } = await scan(
      file("bad.exe", "INFECTED"),
      file("fine.txt", "CLEAN"),
      file("failed.bin", "FAILED"),
      "/nowhere/at/all",
    );
    expect(stdout).toContain("bad.exe: INFECTED (1 of 1 engine detects it");
    expect(stdout).toContain("bad.exe: ClamAV infected  Win.Test");
    expect(stdout).toContain("failed.bin: ClamAV failed  exit status 2");
    expect(stdout).toContain("failed.bin: INCONCLUSIVE: ClamAV failed (exit status 2) (0 of 1 engine detects it");
    expect(stderr).toBe("/nowhere/at/all: there is no such file\n");
    expect(code).toBe(1);
  });

  it("ends with 1 for a suspicious file and 2 for one that an engine failed on", async () => {
    expect((await scan(file("packed.exe", "SUSPICIOUS"))).code).toBe(1);
    expect((await scan(file("failed.bin", "FAILED"))).code).toBe(2);
  });

  it("prints one JSON document and nothing else with --json", async () => {
    const path = file("bad.exe", "INFECTED");
    const { code, stdout, stderr } = await scan("--json", path, "/dev/null");
    expect(stderr).toBe("/dev/null: not a regular file\n");
    const { files } = JSON.parse(stdout) as { files: { results?: unknown[] }[] };
    expect(files).toEqual([
      expect.objectContaining({ file: path, name: "bad.exe", verdict: "INFECTED", detections: 1, scanId: expect.any(Number) }),
      { file: "/dev/null", error: "not a regular file" },
    ]);
    expect(files[0]?.results?.[0]).toMatchObject({ engine: "ClamAV", verdict: "INFECTED", signature: "Win.Test" });
    expect(code).toBe(1);
  });

  it("sends a file that is larger than any buffer, and an empty one", async () => {
    const large = file("large.bin", "CLEAN", Buffer.alloc(20 * 1024 * 1024, 7));
    expect((await scan(large, file("empty", "CLEAN", ""))).code).toBe(0);
    expect(
      await stage.db
        .selectFrom("samples")
        .select("size")
        .where("size", "=", 20 * 1024 * 1024)
        .execute(),
    ).toHaveLength(1);
  });

  it("asks for the speed and internet class that it is told", async () => {
    await scan("--speed", "fast", "--internet", file("options.txt", "CLEAN"));
    const row = await stage.db.selectFrom("scans").select(["speed", "internet"]).orderBy("id", "desc").executeTakeFirst();
    expect(row).toEqual({ speed: "FAST", internet: true });
  });

  it("asks the engines alone that it is told, and gives the scan that time", async () => {
    await scan("--engines", "clamav, ", "--deadline", "60", file("chosen.txt", "CLEAN"));
    const row = await stage.db
      .selectFrom("scans")
      .select(({ ref }) => [ref("total").as("total"), sql<number>`extract(epoch from deadline - start_date)::int`.as("seconds")])
      .orderBy("id", "desc")
      .executeTakeFirst();
    expect(row).toEqual({ total: 1, seconds: 60 });
    const { code, stdout } = await scan("--engines", "Clamaw", file("typo.txt", "CLEAN"));
    expect(stdout).toMatch(/typo\.txt: .*no engine is called Clamaw; did you mean ClamAV\?/);
    expect(code).toBe(2);
    expect((await scan("--deadline", "soon", file("when.txt", "CLEAN"))).stderr).toContain("It is a number of seconds.");
  });

  it("says whom it waits for, and until when, if nothing comes for a while", async () => {
    const { child, ended, output } = start(["--url", gateway.url, file("silent.bin", "never")]);
    await until("it says so", () => output().includes("waits for"));
    child.kill("SIGINT");
    expect((await ended).stdout).toMatch(/silent\.bin: waits for ClamAV until \d\d:\d\d:\d\d at the latest\n/);
  });

  it("says why a file is refused", async () => {
    const small = await stage.gateway({ SCANMESH_UPLOAD_LIMIT: "1MiB" });
    const { code, stdout } = await start(["--url", small.url, file("too-large.bin", "never", Buffer.alloc(3 * 1024 * 1024))])
      .ended;
    expect(stdout).toMatch(/too-large\.bin: a sample may have 1048576 bytes/);
    expect(code).toBe(2);
  });
});

describe("Ctrl-C", () => {
  it("leaves the scan alone and says where it goes on", async () => {
    const path = file("slow.bin", "never");
    const { child, ended, output } = start(["--url", gateway.url, path]);
    await until("it watches", () => output().includes(", 1 engine\n"));
    await until("the gateway knows it", () => gateway.context.watchers.scans.count() === 1);
    child.kill("SIGINT");
    const { code, stderr } = await ended;
    const [, url] = /slow\.bin: scan \d+ goes on: (\S+)/.exec(stderr) ?? [];
    expect(code).toBe(130);
    expect((await (await fetch(url ?? "")).json()) as object).toMatchObject({ name: "slow.bin", end_date: null });
    await until("nobody watches any more", () => gateway.context.watchers.scans.count() === 0);
  });
});

describe("what cannot work", () => {
  it.each([
    ["nonsense", "--url: nonsense is not an http address.\n"],
    ["ftp://127.0.0.1", "--url: ftp://127.0.0.1 is not an http address.\n"],
  ])("an address such as %s is one sentence and 2", async (url, sentence) => {
    expect(await start(["--url", url, file("any.txt", "CLEAN")]).ended).toEqual({ code: 2, stdout: "", stderr: sentence });
  });

  it("a gateway that is not there is one sentence and 2", async () => {
    const server = createServer();
    const url = await listen(server);
    server.close();
    const stderr = `The gateway at ${url} cannot be reached: ECONNREFUSED.\n`;
    expect(await start(["--url", url, file("any.txt", "CLEAN")]).ended).toEqual({ code: 2, stdout: "", stderr });
  });

  it("something else that answers is one sentence and 2", async () => {
    const server = createServer((_request, response) => response.end("<html>hello</html>"));
    const url = await listen(server);
    expect(await start(["--url", url, file("any.txt", "CLEAN")]).ended).toEqual({
      code: 2,
      stdout: "",
      stderr: `What answers at ${url} is not a ScanMesh gateway.\n`,
    });
    server.close();
  });

  it("wrong usage is 2, help is 0", async () => {
    expect((await start([]).ended).code).toBe(2);
    expect((await start(["--speed", "warp", "x"]).ended).code).toBe(2);
    expect((await start(["--nothing", "x"]).ended).code).toBe(2);
    expect((await start(["--help"]).ended).code).toBe(0);
  });

  it("needs no mesh to say that there is no file", async () => {
    expect(await start(["/nowhere"]).ended).toEqual({ code: 2, stdout: "", stderr: "/nowhere: there is no such file\n" });
  });
});

describe("the mesh of this machine", () => {
  it("is found by its data folder", async () => {
    const home = join(stage.folder, "home");
    mkdirSync(home);
    const mesh = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)", "standalone"], { stdio: "ignore" });
    writeFileSync(
      join(home, "mesh.json"),
      JSON.stringify({ url: gateway.url, pid: mesh.pid, startedAt: new Date().toISOString() }),
    );
    const { code, stderr } = await start([file("found.txt", "CLEAN")], { SCANMESH_HOME: home }).ended;
    mesh.kill();
    expect(stderr).toBe("");
    expect(code).toBe(0);
  });
});
