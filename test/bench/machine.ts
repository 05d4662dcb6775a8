/** Where and on what a run took place. */

import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, platform, release, totalmem } from "node:os";
import { promisify } from "node:util";
import { projectPath } from "../../schema/paths.js";
import { partsNode } from "../../standalone/newer-node.mjs";
import { findNats } from "../../standalone/nats.js";
import { postgresBinaries } from "../../standalone/postgres-binaries.js";
import { postgresUser } from "../../standalone/postgres-user.js";
import { findProgram } from "../../standalone/programs.mjs";
import type { Machine } from "./report.js";

export async function describeMachine(): Promise<Machine> {
  const { version } = JSON.parse(readFileSync(projectPath("package.json"), "utf8")) as { version: string };
  const postgres = (await postgresBinaries(await postgresUser())).postgres;
  return {
    date: new Date().toISOString(),
    cores: availableParallelism(),
    processor: cpus()[0]?.model ?? "unknown",
    memoryGiB: Math.round(totalmem() / 1024 ** 3),
    system: `${platform()} ${release()}`,
    commit: await commitOf(),
    loadBefore: loadavg()[0] ?? 0,
    versions: {
      scanmesh: version,
      // That of the gateway and the agents; the bench itself may run with an older one.
      node: (await versionOf(partsNode(projectPath()))) ?? process.versions.node,
      postgres: await versionOf(postgres),
      "nats-server": (await findNats()).version,
      clamd: await versionOf(findProgram("clamd")),
      clamdscan: await versionOf(findProgram("clamdscan")),
      pgbench: await versionOf(findProgram("pgbench")),
    },
  };
}

async function commitOf(): Promise<string | null> {
  const git = findProgram("git");
  if (git === undefined) return null;
  const run = async (...args: string[]) => (await promisify(execFile)(git, args, { cwd: projectPath() })).stdout.trim();
  try {
    const changed = await run("status", "--porcelain", "--untracked-files=no");
    return `${await run("rev-parse", "--short=10", "HEAD")}${changed === "" ? "" : "+"}`;
  } catch {
    // The project was copied without its history.
    return null;
  }
}

async function versionOf(program: string | undefined): Promise<string | null> {
  if (program === undefined) return null;
  const { stdout } = await promisify(execFile)(program, ["--version"]);
  return /\d+(\.\d+)+/.exec(stdout)?.[0] ?? stdout.trim();
}
