/** Podman's service in its own store, as an agent on a host with Podman instead of Docker has it. */

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { findProgram } from "../../scanner-agent/processes/programs.js";
import { until } from "../scanner-agent/stage/bus-stage.js";
import { docker } from "./base-image.js";

const [program, ...beside] = await Promise.all(["podman", "catatonit", "runc"].map((name) => findProgram(name, "")));

/** Whether this machine has Podman, the init that it puts into containers and a runtime for any cgroups, and may run it as root. */
export const hasPodman = program !== undefined && !beside.includes(undefined) && process.getuid?.() === 0;

/**
 * Where root may not raise limits, as in a container, what Podman asks for beyond the profile is refused: a million processes. So
 * its runtime is called by this script, which asks for less.
 */
const RUNTIME = `#!/bin/sh
for word; do
  case $previous in
    --bundle | -b) file=$word/config.json ;;
    --process | -p) file=$word ;;
  esac
  previous=$word
done
[ -z "$file" ] || sed -i -E 's/("RLIMIT_NPROC","hard":)[0-9]+(,"soft":)[0-9]+/\\14096\\24096/' "$file"
exec runc "$@"
`;

export interface Podman {
  /** As DOCKER_HOST takes it. */
  readonly host: string;
  /** Brings an image of Docker's to it. */
  load(image: string): Promise<void>;
  stop(): Promise<void>;
}

export async function startPodman(): Promise<Podman> {
  if (program === undefined) throw new Error("there is no podman");
  const folder = await mkdtemp(join(tmpdir(), "scanmesh-test-podman-"));
  const config = join(folder, "containers.conf");
  const runtime = join(folder, "runc-less");
  await writeFile(runtime, RUNTIME, { mode: 0o755 });
  await writeFile(config, `[engine]\nruntime = "runc-less"\n[engine.runtimes]\nrunc-less = ["${runtime}"]\n`);
  const host = `unix://${join(folder, "podman.sock")}`;
  const store = ["--root", join(folder, "root"), "--runroot", join(folder, "run"), "--tmpdir", join(folder, "tmp")];
  const env = { ...process.env, CONTAINERS_CONF: config };
  const service = spawn(program, [...store, "system", "service", "--time", "0", host], { env, stdio: "ignore" });
  await until("Podman answers", () =>
    docker("-H", host, "version").then(
      () => true,
      () => undefined,
    ),
  );
  return {
    host,
    async load(image) {
      await promisify(execFile)("sh", ["-c", `docker save ${image} | docker -H ${host} load`]);
    },
    async stop() {
      const ended = once(service, "exit");
      service.kill("SIGTERM");
      await ended;
      // A container that still ends would write to what is being removed.
      await promisify(execFile)(program, [...store, "rm", "--all", "--force"], { env });
      // Its store is mounted and unmounted by itself alone.
      await promisify(execFile)(program, [...store, "system", "reset", "--force"], { env });
      await rm(folder, { recursive: true, force: true });
    },
  };
}
