import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { expect, test } from "vitest";
import { readMeshIdentity } from "../../../../scanner-agent/bus/mesh-identity.js";
import { DockerRefused, type DockerDaemon } from "../../../../scanner-agent/runners/container/docker.js";
import { findImage } from "../../../../scanner-agent/runners/container/image.js";
import { removeBelongings } from "../../../../scanner-agent/runners/container/resources.js";
import { makeKeys, signUser } from "../../../../standalone/keys.js";

test("a container that Docker refuses to remove costs no other container and no network", async () => {
  const removed: string[] = [];
  const remove = (id: string) => async () => {
    if (id.startsWith("stuck")) throw new DockerRefused("device or resource busy", 500);
    removed.push(id);
  };
  const docker = {
    listContainers: async () => [{ Id: "stuck" }, { Id: "container" }],
    listNetworks: async () => [{ Id: "stuck network" }, { Id: "network" }],
    getContainer: (id: string) => ({ remove: remove(id) }),
    getNetwork: (id: string) => ({ remove: remove(id) }),
  };
  const daemon = {
    ask: (_: string, call: (docker: unknown, signal: AbortSignal) => Promise<unknown>) =>
      call(docker, new AbortController().signal),
  } as unknown as DockerDaemon;
  expect(await removeBelongings(daemon, { mesh: "m", agent: "a" }, pino({ level: "silent" }))).toBe(1);
  expect(removed).toEqual(["container", "network"]);
});

test("a mesh is the same with new credentials of its account, and another one with another's", async () => {
  const folder = await mkdtemp(join(tmpdir(), "scanmesh-test-identity-"));
  const { accounts, creds } = await makeKeys(join(folder, "own"));
  const others = await makeKeys(join(folder, "other"));
  const renewed = join(folder, "renewed.creds");
  await writeFile(renewed, await signUser(accounts.isolated, "again", {}));
  const identity = (credsFile: string | undefined, servers = ["nats://127.0.0.1:4222"]) =>
    readMeshIdentity({ credsFile, servers });
  const own = await identity(creds.agent.isolated);
  expect(own).toMatch(/^[0-9a-f]{16}$/);
  expect(await identity(renewed, ["nats://elsewhere:4222"])).toBe(own);
  expect(await identity(others.creds.agent.isolated)).not.toBe(own);
  expect(await identity(undefined)).not.toBe(await identity(undefined, ["nats://127.0.0.1:4223"]));
  await rm(folder, { recursive: true });
});

test("an image that is built on this host is asked of no registry", async () => {
  const asked: string[] = [];
  const daemon = {
    ask: (what: string) => {
      asked.push(what);
      return Promise.reject(new DockerRefused("no such image", 404));
    },
  } as unknown as DockerDaemon;
  const found = findImage(daemon, "localhost/scanmesh/pescan", pino({ level: "silent" }));
  await expect(found).rejects.toThrow("the image localhost/scanmesh/pescan is not on this Docker host: build it there");
  expect(asked).toEqual(["show the image localhost/scanmesh/pescan"]);
});
