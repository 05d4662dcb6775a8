import { X509Certificate } from "node:crypto";
import { execFile } from "node:child_process";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { projectPath } from "../../schema/paths.js";
import { isFor } from "../../schema/certificate-names.js";
import { handOut } from "../../standalone/hand-out.js";
import { makeKeys } from "../../standalone/keys.js";
import { temporaryFolder } from "./temporary-folder.js";

describe("what the containers of a mesh are given", () => {
  async function prepared() {
    const [dir, folder] = [await temporaryFolder(), await temporaryFolder()];
    const give = async (natsStore?: number) => handOut(await makeKeys(dir), { folder, natsStore });
    return { dir, folder, give, read: (...path: string[]) => readFile(join(folder, ...path), "utf8") };
  }

  test("keys, passwords and sizes stay as they are when it is given again", async () => {
    const { give, read } = await prepared();
    const contents = async () => Promise.all((await give()).map((file) => readFile(file, "utf8")));
    const first = await contents();
    expect(await contents()).toEqual(first);
    expect(await read("gateway", "database-url")).toBe(
      `postgres://scanmesh:${await read("postgres", "password")}@postgres:5432/scanmesh`,
    );
  });

  test("each folder holds what its container needs, readable by any user, and no key of the mesh but those that sign for agents", async () => {
    const { dir, folder, give, read } = await prepared();
    const files = await give();
    const modes = await Promise.all(files.map(async (file) => (await stat(file)).mode & 0o777));
    expect(new Set(modes)).toEqual(new Set([0o444]));
    const ofGateway = [
      "accounts.nk",
      "agents.nk",
      "bundles.pem",
      "database-url",
      "internet.creds",
      "isolated.creds",
      "join-keys.json",
      "system.creds",
    ];
    expect(await readdir(join(folder, "gateway"))).toEqual(ofGateway);
    expect(await readdir(join(folder, "agent-isolated"))).toEqual(["join-token"]);
    const others = files.filter((file) => !file.endsWith(".nk"));
    const all = (await Promise.all(others.map((file) => readFile(file, "utf8")))).join("\n");
    expect(all).not.toMatch(/\bS[OA][A-Z2-7]{56}\b/);
    const { operator, accounts } = await makeKeys(dir);
    const secret = await Promise.all([operator, ...Object.values(accounts)].map(({ seedFile }) => readFile(seedFile, "utf8")));
    expect(secret).not.toContain(await read("gateway", "accounts.nk"));
    expect(secret).not.toContain(await read("gateway", "agents.nk"));
  });

  test("once other hosts are let in, NATS and the gateway have a certificate, and agents its authority", async () => {
    const { dir, folder, give, read } = await prepared();
    const open = async () => handOut(await makeKeys(dir), { folder, natsStore: undefined, names: ["10.0.0.5"] });
    await give();
    expect(await read("nats", "nats.conf")).not.toContain("tls");
    const files = await open();
    expect(await read("nats", "nats.conf")).toMatch(
      /tls \{\s+cert_file: "\/run\/scanmesh\/server.pem"\s+key_file: "\/run\/scanmesh\/server.key"/,
    );
    const certificate = new X509Certificate(await read("nats", "server.pem"));
    expect(["10.0.0.5", "nats", "gateway"].map((name) => isFor(certificate, name))).toEqual([true, true, true]);
    for (const agent of ["agent-isolated", "agent-internet"]) {
      expect(certificate.verify(new X509Certificate(await read(agent, "ca.pem")).publicKey)).toBe(true);
      expect(await readdir(join(folder, agent))).toEqual(["ca.pem", "join-token"]);
    }
    expect(files.join()).not.toContain("ca.key");
    expect(await open()).toEqual(files);
    expect(new X509Certificate(await read("gateway", "server.pem")).serialNumber).toBe(certificate.serialNumber);
  });

  test("a size that is asked for replaces the one of the first time, for as long as it is asked for", async () => {
    const { give, read } = await prepared();
    const size = async () => Number(/max_file_store: (\d+)/.exec(await read("nats", "nats.conf"))?.[1]);
    await give();
    const first = await size();
    expect(first).toBeGreaterThan(0);
    await give(5 * 1024 ** 3);
    expect(await size()).toBe(5 * 1024 ** 3);
    await give();
    expect(await size()).toBe(first);
  });

  test("what a killed run left half-written is replaced", async () => {
    const { folder, give, read } = await prepared();
    await give();
    await writeFile(join(folder, "postgres", "password.new"), "half", { mode: 0o444 });
    await give();
    expect(await read("postgres", "password")).not.toBe("half");
    expect(await readdir(join(folder, "postgres"))).toEqual(["password"]);
  });

  test("the command takes an empty size as none, and refuses one that is none before it makes anything", async () => {
    const [keys, folder] = [join(await temporaryFolder(), "keys"), await temporaryFolder()];
    const run = (size: string) =>
      promisify(execFile)(process.execPath, [
        projectPath("dist", "cli", "keys.js"),
        keys,
        "--hand-out",
        folder,
        "--nats-store",
        size,
      ]);
    await expect(run("5 GB")).rejects.toMatchObject({ stderr: expect.stringContaining("--nats-store: needs a size") as string });
    await expect(stat(keys)).rejects.toMatchObject({ code: "ENOENT" });
    await run("");
    expect(await readFile(join(folder, "nats", "nats.conf"), "utf8")).toMatch(/max_file_store: [1-9]/);
  });

  test("the command refuses a host folder to which compose cannot append the class", async () => {
    const keys = join(await temporaryFolder(), "keys");
    const run = (folder: string) =>
      promisify(execFile)(process.execPath, [projectPath("dist", "cli", "keys.js"), keys, "--host-dir", folder]);
    for (const folder of ["/srv/scanmesh/", "/", "srv"])
      await expect(run(folder)).rejects.toMatchObject({
        stderr: expect.stringContaining("SCANMESH_HOST_DIR: must be an absolute path without a slash at the end") as string,
      });
    await expect(stat(keys)).rejects.toMatchObject({ code: "ENOENT" });
    await run("/srv/scanmesh");
    await run("");
  });
});
