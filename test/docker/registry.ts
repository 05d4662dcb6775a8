/** A registry on loopback, which Docker takes without TLS. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findProgram } from "../../scanner-agent/processes/programs.js";
import { until } from "../scanner-agent/stage/bus-stage.js";

const program = await findProgram("docker-registry", "");

/** Whether this machine has Debian's docker-registry. Where it has none its tests are skipped, but never in CI. */
export const hasRegistry = process.env["CI"] !== undefined || program !== undefined;

export interface Registry {
  /** `127.0.0.1:<port>` */
  readonly name: string;
  stop(): Promise<void>;
}

export async function startRegistry(): Promise<Registry> {
  if (program === undefined) throw new Error("the tests need docker-registry");
  const folder = await mkdtemp(join(tmpdir(), "scanmesh-test-registry-"));
  const name = `127.0.0.1:${await freePort()}`;
  const config = { version: "0.1", storage: { filesystem: { rootdirectory: folder } }, http: { addr: name } };
  const file = join(folder, "config.yml");
  await writeFile(file, JSON.stringify(config));
  const registry = spawn(program, ["serve", file], { stdio: "ignore" });
  const answers = async () =>
    fetch(`http://${name}/v2/`).then(
      ({ ok }) => ok,
      () => false,
    );
  await until("the registry answers", answers);
  return {
    name,
    async stop() {
      const ended = once(registry, "exit");
      registry.kill("SIGTERM");
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
