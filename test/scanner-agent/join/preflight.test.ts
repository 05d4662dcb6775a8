import { mkdtempSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { readAgentConfig } from "../../../scanner-agent/config.js";
import { checkHost, checkServers, hostNeeds, type HostNeeds } from "../../../scanner-agent/join/preflight.js";

const GIB = 1024 ** 3;
const folder = mkdtempSync(join(tmpdir(), "scanmesh-preflight-"));
const roomy = { freeBytes: async () => 100 * GIB, memoryBytes: () => 100 * GIB };
const docker = (host: string) => readAgentConfig({ DOCKER_HOST: host, SCANMESH_SPOOL: folder }).docker;
const needs: HostNeeds = { spool: folder, docker: docker("unix:///none"), needsDocker: false, runsClamav: false };

const codes = async (more: Partial<HostNeeds>, host: Partial<typeof roomy> = {}) =>
  (await checkHost({ ...needs, ...more }, { ...roomy, ...host })).map(({ code }) => code);

describe("a host", () => {
  it("needs room for samples, and memory, more of it with ClamAV", async () => {
    const disk = (bytes: number) => ({ freeBytes: async () => bytes });
    const memory = (bytes: number) => ({ memoryBytes: () => bytes });
    expect(await codes({})).toEqual([]);
    expect(await codes({}, disk(2 * GIB))).toEqual([]);
    expect(await codes({}, disk(2 * GIB - 1))).toEqual(["DISK_TOO_SMALL"]);
    expect(await codes({}, memory(0.95 * GIB))).toEqual([]);
    expect(await codes({}, memory(0.85 * GIB))).toEqual(["MEMORY_TOO_SMALL"]);
    expect(await codes({ runsClamav: true }, memory(2.8 * GIB))).toEqual([]);
    expect(await codes({ runsClamav: true }, { ...disk(0), ...memory(2.6 * GIB) })).toEqual([
      "DISK_TOO_SMALL",
      "MEMORY_TOO_SMALL",
    ]);
  });

  it("is asked for its own room also where the folder is not there yet", async () => {
    const found = await checkHost({ ...needs, spool: join(folder, "not", "there") });
    // What this machine has is not known here.
    for (const { code } of found) expect(["DISK_TOO_SMALL", "MEMORY_TOO_SMALL"]).toContain(code);
  });

  it("needs Docker only for engines that run in no other way, and is told whether it is not there or not allowed", async () => {
    expect(await codes({ needsDocker: true })).toEqual(["DOCKER_MISSING"]);
    const server = createServer((_, answer) => void answer.writeHead(403).end(`{"message": "denied"}`));
    const socket = join(folder, "docker.sock");
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    onTestFinished(() => void server.close());
    expect(await codes({ needsDocker: true, docker: docker(`unix://${socket}`) })).toEqual(["DOCKER_DENIED"]);
  });

  it("has the needs of the engines that are on", async () => {
    const of = async (engines: string) => {
      const { needsDocker, runsClamav } = await hostNeeds(readAgentConfig({ SCANMESH_ENGINES: engines, SCANMESH_SPOOL: folder }));
      return { needsDocker, runsClamav };
    };
    expect(await of("FileInfo,Yara")).toEqual({ needsDocker: false, runsClamav: false });
    expect(await of("FileInfo,Avast")).toMatchObject({ runsClamav: false });
  });
});

it("NATS that nothing listens for is told with its addresses", async () => {
  await expect(checkServers({ servers: ["nats://127.0.0.1:1", "[::1]:1"] })).rejects.toMatchObject({
    code: "BUS_UNREACHABLE",
    message: expect.stringContaining("nats://127.0.0.1:1, [::1]:1") as string,
  });
});
