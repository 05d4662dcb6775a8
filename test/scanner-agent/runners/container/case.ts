/** Runners of engines in real containers, without an agent around them. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ContainerRun } from "../../../../schema/container-run.js";
import type { DockerAddress } from "../../../../scanner-agent/runners/container/config.js";
import type { RawOutput, RunOptions, Runner } from "../../../../scanner-agent/contract.js";
import { createContainerHost, type ContainerHost } from "../../../../scanner-agent/runners/container/host.js";
import { createContainerRunner } from "../../../../scanner-agent/runners/container/container.js";
import { testLog } from "../../../stage/log.js";
import { runOptions, sampleFile } from "../samples.js";

/** A Docker host as an agent has it. */
export interface ContainerCase {
  readonly agent: string;
  readonly folder: string;
  readonly host: ContainerHost;
  runner(run: Record<string, unknown>, more?: { slots?: number; file?: string; clamavDb?: string }): Runner;
  /** Runs a shell script in a container of its own, with a sample as `$1`. */
  script(image: string, script: string, more?: Record<string, unknown>, options?: Partial<RunOptions>): Promise<RawOutput>;
  scan(runner: Runner, bytes: Buffer, options?: Partial<RunOptions>): Promise<RawOutput>;
  stop(): Promise<void>;
}

let cases = 0;

/** How it differs from an ordinary one. */
export interface CaseOptions {
  readonly internet?: boolean;
  readonly docker?: Partial<DockerAddress>;
  /** How long what killed agents left is looked at. */
  readonly graceMs?: number;
  readonly mesh?: string;
  /** Instead of an id of its own. */
  readonly agent?: string;
}

export async function containerCase({
  internet,
  docker,
  graceMs,
  mesh = "test",
  agent = `case-${process.pid}-${++cases}`,
}: CaseOptions = {}): Promise<ContainerCase> {
  const folder = await mkdtemp(join(tmpdir(), "scanmesh-test-containers-"));
  const log = testLog(agent);
  const host = createContainerHost({
    docker: { host: undefined, certificates: undefined, tls: false, ...docker },
    mesh,
    agent,
    internet: internet ? "internet" : "isolated",
    folder,
    log,
    ...(graceMs === undefined ? {} : { graceMs }),
  });
  const runners: Runner[] = [];
  const self: ContainerCase = {
    agent,
    folder,
    host,
    runner(run, { slots = 1, file = join(folder, "engine.yaml"), clamavDb = "/var/lib/clamav" } = {}) {
      const made = createContainerRunner({
        name: `Engine${runners.length}`,
        run: ContainerRun.parse(run),
        wantsBytes: true,
        slots,
        file,
        clamavDb,
        secretsFolder: join(folder, "secrets"),
        host,
        log,
      });
      runners.push(made);
      return made;
    },
    async script(image, script, run = {}, options) {
      const runner = self.runner({ image, mode: "exec", command: ["sh", "-c", script, "sh", "{file}"], spares: 0, ...run });
      await runner.start();
      try {
        return await self.scan(runner, Buffer.from("a sample"), options);
      } finally {
        await runner.stop();
      }
    },
    scan: async (runner, bytes, options) => runner.run(await sampleFile(folder, bytes), runOptions(options)),
    async stop() {
      await Promise.all(runners.map((runner) => runner.stop()));
      await host.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return self;
}
