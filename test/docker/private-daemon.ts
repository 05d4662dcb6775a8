/** A Docker daemon of the test's own, which may be stopped, hung and starved. */

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../scanner-agent/stage/bus-stage.js";
import { docker } from "./base-image.js";

export interface PrivateDaemon {
  /** As DOCKER_HOST takes it. */
  readonly host: string;
  /** Where it keeps everything; on a small file system of its own. */
  readonly data: string;
  docker(...words: string[]): Promise<string>;
  signal(name: NodeJS.Signals): void;
  start(): Promise<void>;
  /** Ends the daemon as its system would, with its containers. */
  stop(): Promise<void>;
  remove(): Promise<void>;
}

/**
 * It has a network namespace of its own, since it would otherwise delete the first daemon's bridge, and a mount namespace, in
 * which the folder `hidden` is another one. `megabytes` is its disk.
 */
export async function privateDaemon({
  hidden,
  megabytes = 1_024,
}: { hidden?: string; megabytes?: number } = {}): Promise<PrivateDaemon> {
  const folder = await mkdtemp(join(tmpdir(), "scanmesh-test-dockerd-"));
  const data = join(folder, "data");
  await mkdir(data);
  await run("mount", "-t", "tmpfs", "-o", `size=${megabytes}m`, "scanmesh-test", data);
  const host = `unix://${folder}/docker.sock`;
  const places = [`--data-root=${data}`, `--exec-root=${folder}/exec`, `--pidfile=${folder}/pid`, "-H", host];
  const hide = hidden === undefined ? ":" : `mount -t tmpfs scanmesh-test ${hidden}`;
  let daemon: ChildProcess | undefined;

  const self: PrivateDaemon = {
    host,
    data,
    docker: (...words) => docker("-H", host, ...words),
    signal: (name) => void daemon?.kill(name),
    async start() {
      const command = `${hide} && exec dockerd --iptables=false --bridge=none ${places.join(" ")}`;
      daemon = spawn("unshare", ["--net", "--mount", "sh", "-c", command], { stdio: "ignore" });
      await until("the daemon answers", () =>
        self.docker("version").then(
          () => true,
          () => undefined,
        ),
      );
    },
    async stop() {
      const ended = daemon;
      daemon = undefined;
      if (ended === undefined || ended.exitCode !== null) return;
      const exit = once(ended, "exit");
      ended.kill("SIGCONT");
      ended.kill("SIGTERM");
      await exit;
    },
    async remove() {
      await self.stop();
      await run("umount", "--recursive", "--lazy", data);
      await rm(folder, { recursive: true, force: true });
    },
  };
  await self.start();
  return self;
}

async function run(...words: [string, ...string[]]): Promise<void> {
  const [program, ...rest] = words;
  const [code] = (await once(spawn(program, rest, { stdio: "ignore" }), "exit")) as [number];
  if (code !== 0) throw new Error(`${words.join(" ")}: exit status ${code}`);
}
