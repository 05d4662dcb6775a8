/** How many rows a second Postgres itself takes, each inserted and committed alone. */

import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import { findProgram } from "../../standalone/programs.mjs";

const CLIENTS = 8;
const DEBIAN = "/usr/lib/postgresql";
const TABLE = "create table if not exists bench_rows (id bigserial primary key, sha256 text not null, size bigint not null)";

export interface InsertRate {
  readonly name: string;
  /** Rows a second, measured over so many seconds. */
  measure(seconds: number): Promise<number>;
}

/** By pgbench where there is one, else by as many connections of Node's driver; its name says which. */
export async function openInsertRate(url: string): Promise<InsertRate> {
  const admin = new pg.Client({ connectionString: url });
  await admin.connect();
  await admin.query(TABLE);
  await admin.end();
  const pgbench = findProgram("pgbench", debianFolders());
  if (pgbench === undefined) {
    return {
      name: `single-row inserts by ${CLIENTS} connections of pg (pgbench is not installed)`,
      measure: (seconds) => byDriver(url, seconds),
    };
  }
  return { name: `pgbench, single-row inserts by ${CLIENTS} clients`, measure: (seconds) => byPgbench(pgbench, url, seconds) };
}

async function byPgbench(program: string, url: string, seconds: number): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "scanmesh-bench-pgbench-"));
  try {
    const script = join(folder, "insert.sql");
    await writeFile(
      script,
      "\\set n random(1, 1000000000)\ninsert into bench_rows (sha256, size) values (md5(:n::text) || md5(:n::text), :n);\n",
    );
    const args = [
      "--no-vacuum",
      "--protocol=prepared",
      `--client=${CLIENTS}`,
      "--jobs=2",
      `--time=${Math.ceil(seconds)}`,
      `--file=${script}`,
      url,
    ];
    const { stdout } = await promisify(execFile)(program, args);
    const tps = Number(/^tps = ([\d.]+)/m.exec(stdout)?.[1]);
    if (!(tps > 0)) throw new Error(`pgbench says no rate: ${stdout}`);
    return tps;
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function byDriver(url: string, seconds: number): Promise<number> {
  const clients = Array.from({ length: CLIENTS }, () => new pg.Client({ connectionString: url }));
  try {
    await Promise.all(clients.map((client) => client.connect()));
    const begun = performance.now();
    const over = begun + seconds * 1_000;
    const counts = await Promise.all(
      clients.map(async (client, i) => {
        let rows = 0;
        for (; performance.now() < over; rows++) {
          await client.query({
            name: "insert",
            text: "insert into bench_rows (sha256, size) values ($1, $2)",
            values: [`${i}`.padEnd(64, "0"), rows],
          });
        }
        return rows;
      }),
    );
    return counts.reduce((sum, rows) => sum + rows, 0) / ((performance.now() - begun) / 1_000);
  } finally {
    await Promise.all(clients.map((client) => client.end()));
  }
}

/** Debian keeps a version's programs off PATH. */
function debianFolders(): string {
  const folders = readdirSync("/usr/lib").includes("postgresql")
    ? readdirSync(DEBIAN).map((version) => join(DEBIAN, version, "bin"))
    : [];
  return [process.env["PATH"] ?? "", ...folders].join(":");
}
