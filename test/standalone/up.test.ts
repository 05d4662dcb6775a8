import { execFile } from "node:child_process";
import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { commandLine } from "../../scanner-agent/processes/process-table.js";
import { projectPath } from "../../schema/paths.js";
import { readAgentConfig } from "../../scanner-agent/config.js";
import { joinMesh } from "../../scanner-agent/join/join-mesh.js";
import { makeCertificates } from "../../standalone/certificates.js";
import { makeKeys } from "../../standalone/keys.js";
import { startNats } from "../../standalone/nats.js";
import { freePort } from "../../standalone/ports.js";
import { certificateOfNats } from "../stage/certificate-of-nats.js";
import { alive, processTree } from "./process-tree.js";
import { home, START_MS, up } from "./run-up.js";

const MIB = 1024 ** 2;
/** Yara takes most of the time that a start takes; where no verdict is asked for, this engine does. */
const QUICK = { SCANMESH_ENGINES: "FileInfo" };

/** As `npm run api-keys -- create` does it. */
const createKey = (dir: string) => runCommand(dir, "api-keys", "create", "--name", "me", "--scopes", "admin");

const runHosts = (dir: string, ...args: string[]) => runCommand(dir, "hosts", ...args);

function runCommand(dir: string, command: string, ...args: string[]): Promise<{ stdout: string; stderr: string }> {
  const { PATH = "", HOME = "" } = process.env;
  const env = { PATH, HOME, SCANMESH_HOME: dir };
  return promisify(execFile)(process.execPath, [projectPath(`dist/cli/${command}.js`), ...args], { env });
}

async function pidOf(part: string, pids: readonly number[]): Promise<number> {
  for (const pid of pids) if ((await commandLine(pid)).join("\0").concat("\0").includes(part)) return pid;
  throw new Error(`there is no ${part} among ${pids.join(", ")}`);
}

describe.skipIf(process.platform !== "linux")("npm run up", { timeout: 3 * START_MS }, () => {
  let folder = "";
  /** Its Postgres is made once: each test that starts a mesh in it ends that mesh. */
  const usedHome = () => join(folder, "home");

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "scanmesh-up-"));
    await chmod(folder, 0o711);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test("it shows that it works, leaves no process behind and keeps its data", async () => {
    const dir = await home();
    const first = up(dir);
    await first.isUp();
    expect(first.output()).toMatch(new RegExp(`^Dashboard +${first.url()}/$`, "m"));
    expect(first.output()).toMatch(/^Yara\s+DONE\s+INFECTED\s+\S+\s+\d+ ms$/m);
    expect(JSON.parse(await readFile(join(dir, "mesh.json"), "utf8"))).toMatchObject({ pid: first.pid, url: first.url() });

    const { stderr } = await createKey(dir);
    expect(stderr).toContain(
      "This mesh does not ask for keys yet. To make it ask, stop it and run: SCANMESH_AUTH=keys npm run up",
    );

    const other = up(dir);
    expect(await other.ended).toBe(1);
    expect(other.output()).toContain(`ScanMesh already runs in ${dir}: ${first.url()} (process ${first.pid}).`);

    const tree = await processTree(first.pid);
    first.kill("SIGINT");
    expect(await first.ended).toBe(0);
    expect(await alive(tree)).toEqual([]);

    const second = up(dir);
    await second.isUp();
    const scans = (await (await fetch(`${second.url()}/api/v1/sample`)).json()) as { name: string }[];
    expect(scans.map(({ name }) => name)).toEqual(Array.from({ length: 2 }, () => "Self-test at start (EICAR test file)"));
    second.kill("SIGTERM");
    expect(await second.ended).toBe(0);
  });

  test("all of it ends when the command is killed, and the next start works and lets other hosts in", async () => {
    const dir = await home();
    const killed = up(dir, QUICK);
    await killed.isUp();
    const tree = await processTree(killed.pid);
    killed.kill("SIGKILL");
    await expect.poll(() => alive(tree)).toEqual([]);
    const [httpsPort, natsPort] = [await freePort(), await freePort()];
    const ports = { SCANMESH_TLS_PORT: `${httpsPort}`, SCANMESH_NATS_PORT: `${natsPort}` };
    const mesh = up(dir, { ...QUICK, SCANMESH_LISTEN: "0.0.0.0", SCANMESH_TLS_NAMES: "127.0.0.1", ...ports });
    await mesh.isUp();
    expect(mesh.output()).toContain("This mesh asks its callers for an API key");
    expect(mesh.output()).toContain(`https://127.0.0.1:${httpsPort}, tls://127.0.0.1:${natsPort}`);

    const [line = "", script = ""] = (await runHosts(dir, "token")).stdout.split("\n");
    expect(line.length).toBeLessThan(160);
    // curl does not know the mesh's authority: the line tells it the key.
    expect((await promisify(execFile)("sh", ["-c", script.replace(/ \| sh .*/, "")])).stdout).toMatch(/^#!\/bin\/sh\n/);
    const host = readAgentConfig({ SCANMESH_IDENTITY: join(dir, "far"), SCANMESH_AGENT_ID: "far" });
    const joined = await joinMesh(host, { token: line.trim().split(" ").at(-1) ?? "", say: () => {}, patient: false });
    const authority = await readFile(join(dir, "tls", "ca.pem"), "utf8");
    expect(joined).toMatchObject({
      gateway: `https://127.0.0.1:${httpsPort}`,
      servers: [`tls://127.0.0.1:${natsPort}`],
      authority,
    });
    const [server = ""] = joined.servers;
    expect(await certificateOfNats(server, authority)).not.toContain("new.example.org");
    await makeCertificates(join(dir, "tls"), ["127.0.0.1", "new.example.org"]);
    await expect.poll(() => certificateOfNats(server, authority)).toContain("new.example.org");

    await expect(runHosts(dir, "restart", "nobody")).rejects.toThrow("nobody was not heard within the last minutes");
    expect((await runHosts(dir, "restart")).stderr).toMatch(
      /Restarting (\S+) …\n\1 is back, and well\.\nAll of them were restarted\./,
    );
    expect(mesh.output()).toContain("The agent runs again.");
  });

  test.each(["gateway/main.js", "scanner-agent/main.js", "/postgres\0", "nats-server"])(
    "it ends with one sentence when %j dies",
    async (part) => {
      const mesh = up(usedHome(), QUICK);
      await mesh.isUp();
      const tree = await processTree(mesh.pid);
      const pids = tree.filter((pid) => pid !== mesh.pid);
      process.kill(await pidOf(part, pids), "SIGKILL");
      expect(await mesh.ended).toBe(1);
      expect(mesh.output().trimEnd().split("\n").at(-1)).toMatch(
        /^(The )?(gateway|agent|Postgres|nats-server) was ended by SIGKILL.* \(see .*\.log\)\.$/,
      );
      // What a killed part has started ends by itself, a moment later.
      await expect.poll(() => alive(tree)).toEqual([]);
    },
  );

  test("it can be stopped in the middle of its start", async () => {
    const mesh = up(await home(), QUICK);
    await expect.poll(() => mesh.output()).toContain("✓ NATS");
    const tree = await processTree(mesh.pid);
    mesh.kill("SIGINT");
    expect(await mesh.ended).toBe(0);
    expect(await alive(tree)).toEqual([]);
    expect(mesh.output()).not.toContain("✗");
  });

  test("a port that was asked for and is taken is one sentence", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    onTestFinished(() => void server.close());
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as AddressInfo;
    const mesh = up(await home(), { ...QUICK, PORT: String(port) });
    expect(await mesh.ended).toBe(1);
    expect(mesh.output().trimEnd().split("\n").at(-1)).toMatch(
      new RegExp(`^The port ${port} is taken by another program, .*\\.$`),
    );
    expect(mesh.output()).not.toMatch(/^[✓✗] (Postgres|NATS|Gateway|Agent|Stopping)/m);
  });

  test("too little room for what NATS reserves is one sentence", async () => {
    const dir = await home();
    const mesh = up(dir, { ...QUICK, SCANMESH_SCANS_MAX: "900TiB", SCANMESH_SAMPLES_MAX: "1TiB" });
    expect(await mesh.ended).toBe(1);
    expect(mesh.output().trimEnd().split("\n").at(-1)).toMatch(
      new RegExp(`^There is too little room for NATS in ${dir}/nats: .* are free, .* reserve 3602 TiB .* SCANMESH_HOME .*\\.$`),
    );
  });

  test("too little room in a NATS that it did not start is the gateway's sentence", async () => {
    const dir = await home();
    const keys = await makeKeys(join(dir, "keys"));
    const room = { free: MIB, limit: MIB, reservable: MIB };
    const nats = await startNats({ dir: join(dir, "nats"), keys, room });
    onTestFinished(() => nats.stop());
    const mesh = up(usedHome(), {
      ...QUICK,
      NATS_URL: nats.url,
      SCANMESH_NATS_ISOLATED_CREDS: keys.creds.gateway.isolated,
      SCANMESH_NATS_INTERNET_CREDS: keys.creds.gateway.internet,
      SCANMESH_NATS_CREDS: keys.creds.agent.isolated,
    });
    expect(await mesh.ended).toBe(1);
    expect(mesh.output().trimEnd().split("\n").at(-1)).toMatch(
      /^NATS has no room for the stream SCANS of .* reserve 12 GiB .*\.$/,
    );
  });

  test("wrong settings are all told before anything starts", async () => {
    const mesh = up(await home(), { ...QUICK, PORT: "http", SCANMESH_SLOTS: "none" });
    expect(await mesh.ended).toBe(1);
    expect(mesh.output()).toMatch(/PORT: .*\n.*SCANMESH_SLOTS: /);
    expect(mesh.output()).not.toContain("✓ Postgres");
  });
});
