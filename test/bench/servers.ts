/** What a mesh stands on: an empty Postgres and an empty nats-server of its own, and the processes started beside them. */

import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { makeKeys, type Keys } from "../../standalone/keys.js";
import { startNats } from "../../standalone/nats.js";
import { startPart, type Part } from "../../standalone/part.js";
import { startPostgres } from "../../standalone/postgres.js";

import { openRelays } from "./trace/relays.js";
import type { Note } from "./trace/steps.js";

const PART_PATIENCE_MS = 10_000;

export interface Servers {
  readonly folder: string;
  readonly postgresUrl: string;
  /** For the processes of the mesh. */
  readonly postgresUrlOfParts: string;
  readonly natsUrl: string;
  readonly creds: Keys["creds"];
  /** Starts one of Node's programs. */
  run(name: string, script: readonly [string, ...string[]], env: Readonly<Record<string, string>>): Part;
  /** Both servers and what was started: whose processor time is that of the mesh. */
  roots(): number[];
  /** What is to be done first when all of it stops. */
  onStop(end: () => Promise<unknown>): void;
  stop(): Promise<void>;
}

export interface ServersOptions {
  /** Whether Postgres counts statements, which costs a little of its time. */
  readonly counting?: boolean;
  /** Is told of each step that passes between the processes and the servers. */
  readonly watched?: Note;
}

export async function startServers({ counting = false, watched }: ServersOptions = {}): Promise<Servers> {
  const folder = await mkdtemp(join(tmpdir(), "scanmesh-bench-"));
  // Postgres may run as another user.
  await chmod(folder, 0o755);
  const stops: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
  const stop = async () => {
    for (const end of stops.splice(0).toReversed()) await end();
  };
  try {
    const dir = join(folder, "postgres");
    if (counting) await countStatements(dir);
    const postgres = await startPostgres({ dir });
    stops.push(postgres.stop);
    const keys = await makeKeys(join(folder, "keys"));
    const nats = await startNats({ dir: join(folder, "nats"), keys });
    stops.push(nats.stop);
    const by = watched === undefined ? undefined : await openRelays(watched, postgres.url, nats.url);
    if (by) stops.push(by.stop);
    const parts: Part[] = [];
    const { PATH, HOME } = process.env;
    return {
      folder,
      postgresUrl: postgres.url,
      postgresUrlOfParts: by?.postgresUrl ?? postgres.url,
      natsUrl: nats.url,
      creds: keys.creds,
      run(name, script, env) {
        const logFile = join(folder, `${name}.log`);
        const part = startPart({ name, script, env: { PATH, HOME, NATS_URL: by?.natsUrl(name) ?? nats.url, ...env }, logFile });
        parts.push(part);
        stops.push(() => part.stop(PART_PATIENCE_MS));
        return part;
      },
      roots: () => [postgres.pid, nats.pid, ...parts.flatMap(({ pid }) => pid ?? [])],
      onStop: (end) => void stops.push(end),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What counts statements is loaded at the next start of a server. */
async function countStatements(dir: string): Promise<void> {
  const server = await startPostgres({ dir });
  try {
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    await client.query("alter system set shared_preload_libraries = 'pg_stat_statements'");
    await client.query("create extension pg_stat_statements");
    await client.end();
  } finally {
    await server.stop();
  }
}
