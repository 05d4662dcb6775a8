/** The agent's execution layer alone: a container runner in each of its modes, with a command that does nothing. */

import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { pino } from "pino";
import { readAgentConfig } from "../../scanner-agent/config.js";
import type { Runner } from "../../scanner-agent/contract.js";
import { createContainerRunner } from "../../scanner-agent/runners/container/container.js";
import { createContainerHost } from "../../scanner-agent/runners/container/host.js";
import { ContainerRun } from "../../schema/container-run.js";
import { containersOf } from "../docker/agent-containers.js";
import { NULL_CLAMD, NULL_SOCKET } from "../docker/null-clamd.js";

const AGENT = `bench-${process.pid}`;
const TIMEOUT_MS = 60_000;
const NEVER = new AbortController().signal;
/** Kept ready beyond the one slot; not more scans than this are done after each other with containers that are ready. */
export const SPARES = 4;
const LOOK_MS = 20;

/** How a runner is asked for a scan. */
export interface Mode {
  readonly about: string;
  /** Milliseconds of one scan, on the average of so many after each other. */
  measure(scans: number): Promise<number>;
}

export type ModeName = "service" | "exec" | "fresh" | "freshReady";

export interface ContainerModes {
  readonly modes: Readonly<Record<ModeName, Mode>>;
  /** A folder with the sample, for the baselines. */
  readonly folder: string;
  stop(): Promise<void>;
}

/** Starts a runner of each mode; all of them are ready when this resolves. */
export async function startModes(image: string): Promise<ContainerModes> {
  const folder = await mkdtemp(join(tmpdir(), "scanmesh-bench-modes-"));
  await chmod(folder, 0o755);
  const path = join(folder, "sample");
  await writeFile(path, "a sample", { mode: 0o444 });
  const sample = { path, sha256: "0".repeat(64), sha1: "0".repeat(40), md5: "0".repeat(32), size: 8 };
  const log = pino({ level: "silent" });
  const { docker } = readAgentConfig();
  const hostOf = (agent: string) => createContainerHost({ docker, mesh: "bench", agent, internet: "isolated", folder, log });
  const host = hostOf(AGENT);
  // By its own name its containers can be counted.
  const readyHost = hostOf(`${AGENT}-ready`);
  const runner = (name: string, run: object, on = host): Runner =>
    createContainerRunner({
      name,
      run: ContainerRun.parse({ image, ...run }),
      wantsBytes: true,
      slots: 1,
      file: join(folder, "engine.yaml"),
      clamavDb: folder,
      secretsFolder: folder,
      host: on,
      log,
    });
  const nothing = { mode: "exec", command: ["true"] };
  const once = { ...nothing, recycle: { scans: 1 } };
  const runners = {
    service: runner("service", { mode: "service", socket: NULL_SOCKET, command: NULL_CLAMD }),
    exec: runner("exec", { ...nothing, recycle: { scans: 1_000_000 }, spares: 0 }),
    fresh: runner("fresh", { ...once, spares: 0 }),
    freshReady: runner("freshready", { ...once, spares: SPARES }, readyHost),
  };

  async function scan(on: Runner): Promise<number> {
    const begun = performance.now();
    await on.run(sample, { timeoutMs: TIMEOUT_MS, signal: NEVER, alone: false });
    return performance.now() - begun;
  }

  const afterEachOther = (on: Runner) => async (scans: number) => {
    let sum = 0;
    for (let n = 0; n < scans; n++) sum += await scan(on);
    return sum / scans;
  };

  async function whenReady(scans: number): Promise<number> {
    while ((await containersOf(readyHost.owner.agent)).length < 1 + SPARES) await pause(LOOK_MS);
    return afterEachOther(runners.freshReady)(scans);
  }

  async function stop(): Promise<void> {
    await Promise.all(Object.values(runners).map((one) => one.stop()));
    await Promise.all([host.stop(), readyHost.stop()]);
    await rm(folder, { recursive: true, force: true });
  }

  try {
    for (const one of Object.values(runners)) await one.start();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    modes: {
      service: { about: "a service on its socket", measure: afterEachOther(runners.service) },
      exec: { about: "exec in a warm container", measure: afterEachOther(runners.exec) },
      fresh: {
        about: "exec in a fresh container for each sample, one right after the other",
        measure: afterEachOther(runners.fresh),
      },
      freshReady: { about: "exec in a fresh container for each sample, of those kept ready", measure: whenReady },
    },
    folder,
    stop,
  };
}
