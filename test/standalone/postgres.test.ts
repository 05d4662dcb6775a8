import { chmod, readdir, rm, truncate, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import pg from "pg";
import { expect, onTestFinished, test } from "vitest";
import { startPostgres, type Postgres, type PostgresOptions } from "../../standalone/postgres.js";
import { linkTarget, temporaryFolder } from "./temporary-folder.js";

async function start(options: PostgresOptions): Promise<Postgres> {
  const postgres = await startPostgres(options);
  onTestFinished(() => postgres.stop());
  return postgres;
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** A loopback port that somebody else listens on. */
async function takenPort(port = 0): Promise<number> {
  const server = createServer().listen(port, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

test("its data and its address are the same at the next start", async () => {
  const dir = join(await temporaryFolder(), "postgres");
  const first = await start({ dir });
  await query(first.url, "create table kept (value int); insert into kept values (7)");
  await first.stop();
  const second = await start({ dir });
  expect(second.url).toBe(first.url);
  expect(await query(second.url, "select value from kept")).toEqual([{ value: 7 }]);
});

test("it flushes to disk, and asks for the password", async () => {
  const { url } = await start({ dir: join(await temporaryFolder(), "postgres") });
  expect(await query(url, "show fsync")).toEqual([{ fsync: "on" }]);
  const wrong = new URL(url);
  wrong.password = "guessed";
  await expect(query(wrong.href, "select 1")).rejects.toThrow(/password authentication failed/);
});

test("two starts of the same folder do not run at the same time", async () => {
  const dir = join(await temporaryFolder(), "postgres");
  await start({ dir });
  await expect(startPostgres({ dir })).rejects.toThrow(/^Postgres did not start: lock file "postmaster.pid" already exists/);
});

test("a port that was asked for and is taken is one sentence", async () => {
  const port = await takenPort();
  const dir = join(await temporaryFolder(), "postgres");
  await expect(startPostgres({ dir, port })).rejects.toThrow(
    /^Postgres did not start: .*(Address already in use|could not create)/,
  );
});

test("the port of last time is left to whoever has it now", async () => {
  const dir = join(await temporaryFolder(), "postgres");
  const first = await start({ dir });
  await first.stop();
  await takenPort(Number(new URL(first.url).port));
  const second = await start({ dir });
  expect(await query(second.url, "select 1 as one")).toEqual([{ one: 1 }]);
});

test.each([
  ["of another major version", "13\n", /holds data of Postgres 13, and this is Postgres \d+/],
  ["without a version", "", /is broken, it has no valid PG_VERSION/],
  ["with garbage for a version", "\0\0\0", /is broken, it has no valid PG_VERSION/],
])("a data folder %s is one sentence", async (_what, version, sentence) => {
  const dir = join(await temporaryFolder(), "postgres");
  await (await start({ dir })).stop();
  await writeFile(join(dir, "data", "PG_VERSION"), version);
  await expect(startPostgres({ dir })).rejects.toThrow(sentence);
});

test("a damaged data folder is one sentence with Postgres's own reason", async () => {
  const dir = join(await temporaryFolder(), "postgres");
  await (await start({ dir })).stop();
  await truncate(join(dir, "data", "global", "pg_control"), 0);
  await expect(startPostgres({ dir })).rejects.toThrow(
    /^Postgres did not start: could not read file "global\/pg_control".* \(see .*\)\.$/,
  );
});

test.skipIf(process.getuid?.() !== 0)(
  "under root, a folder that Postgres's user cannot enter becomes a link to one that it can",
  async () => {
    const parent = await temporaryFolder();
    await chmod(parent, 0o700);
    const dir = join(parent, "postgres");
    const { url, folder } = await start({ dir });
    const place = await linkTarget(dir);
    expect(folder).toBe(place);
    onTestFinished(() => (place === undefined ? undefined : rm(place, { recursive: true })));
    expect(place).toMatch(/^\/var\/lib\/scanmesh\//);
    expect(await readdir(dir)).toContain("data");
    expect(await query(url, "select 1 as one")).toEqual([{ one: 1 }]);
    // Another clone at the same path has a database of its own.
    await rm(dir);
    const other = await start({ dir });
    onTestFinished(() => rm(other.folder, { recursive: true }));
    expect(other.folder).not.toBe(place);
  },
);
