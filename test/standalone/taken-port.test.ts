import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { readStandaloneConfig } from "../../standalone/config.js";
import { createMesh } from "../../standalone/mesh.js";

test("a port that is taken is said before anything is started", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const steps: string[] = [];
  const step = (name: string) => {
    steps.push(name);
    return Promise.reject(new Error("nothing is to be started"));
  };
  const mesh = createMesh(readStandaloneConfig({ PORT: String(port) }));
  await expect(mesh.start({ step } as never)).rejects.toThrow(`The port ${port} is taken by another program`);
  expect(steps).toEqual([]);
  expect(mesh.hasStarted()).toBe(false);
  server.close();
});
