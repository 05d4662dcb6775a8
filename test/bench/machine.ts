/** Where and on what a run took place. */

import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, platform, release, totalmem } from "node:os";
import { promisify } from "node:util";
import { projectPath } from "../../schema/paths.js";
import { findNats } from "../../standalone/nats.js";
import { postgresBinaries } from "../../standalone/postgres-binaries.js";
import { postgresUser } from "../../standalone/postgres-user.js";
import { findProgram } from "../../standalone/programs.mjs";

export interface Machine {
  readonly date: string;
  readonly cores: number;
  readonly processor: string;
  readonly memoryGiB: number;
  readonly system: string;
  /** The load average of the minute before the run: near 0 on a machine that does nothing else. */
  readonly loadBefore: number;
  readonly versions: Readonly<Record<string, string | null>>;
}

export async function describeMachine(): Promise<Machine> {
  const { version } = JSON.parse(readFileSync(projectPath("package.json"), "utf8")) as { version: string };
  const postgres = (await postgresBinaries(await postgresUser())).postgres;
  return {
    date: new Date().toISOString(),
    cores: availableParallelism(),
    processor: cpus()[0]?.model ?? "unknown",
    memoryGiB: Math.round(totalmem() / 1024 ** 3),
    system: `${platform()} ${release()}`,
    loadBefore: loadavg()[0] ?? 0,
    versions: {
      scanmesh: version,
      node: process.versions.node,
      postgres: await versionOf(postgres),
      "nats-server": (await findNats()).version,
      clamd: await versionOf(findProgram("clamd")),
      clamdscan: await versionOf(findProgram("clamdscan")),
      pgbench: await versionOf(findProgram("pgbench")),
    },
  };
}

async function versionOf(program: string | undefined): Promise<string | null> {
  if (program === undefined) return null;
  const { stdout } = await promisify(execFile)(program, ["--version"]);
  return /\d+(\.\d+)+/.exec(stdout)?.[0] ?? stdout.trim();
}
