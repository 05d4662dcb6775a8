/** A MultiAV2 database goes into a mesh that is up, the import is killed in the middle and goes on where it was. */

import { spawn } from "node:child_process";
import { readFile, realpath } from "node:fs/promises";
import { join } from "node:path";
import { sql } from "kysely";
import pg from "pg";
import { expect, onTestFinished, test } from "vitest";
import { openDatabase, type Database } from "../../gateway/db/database.js";
import { projectPath } from "../../schema/paths.js";
import { readOrCreatePassword, SUPERUSER } from "../../standalone/postgres-folder.js";
import { ask } from "../gateway/http/http-client.js";
import { home, up } from "../standalone/run-up.js";
import { until } from "../stage/stage.js";
import { CLEAN, makeMultiAv, START } from "./multiav-database.js";

const BULK = 5_000;
/** What `makeMultiAv` leaves: six reports, one of them without a valid sample. */
const SMALL = 6;
const LEFT_OUT = 1;
const PAGE = 1_000;
const FIRST_BULK = 1_000;

async function makeSource() {
  const source = await makeMultiAv();
  onTestFinished(() => source.db.destroy());
  await sql`
    insert into samples (id, name, md5, sha1, sha256, size)
    select ${FIRST_BULK}::int + i, 'bulk' || i || '.exe', lpad(to_hex(i), 32, '0'), lpad(to_hex(i), 40, '0'), lpad(to_hex(i), 64, '0'), '7'
    from generate_series(1, ${BULK}::int) i`.execute(source.db);
  await sql`
    insert into reports (id, sample_id, infected, start_date, end_date)
    select ${FIRST_BULK}::int + i, ${FIRST_BULK}::int + i, -1, ${START}::text, ${START}::text from generate_series(1, ${BULK}::int) i`.execute(
    source.db,
  );
  await sql`
    insert into results (report_id, scanner_id, scanning, queued, result)
    select id, 1, false, false, ${JSON.stringify(CLEAN)}::text from reports where id > ${FIRST_BULK}`.execute(source.db);
  return source;
}

async function embeddedUrl(dir: string): Promise<string> {
  const folder = await realpath(join(dir, "postgres"));
  const port = (await readFile(join(folder, "port"), "utf8")).trim();
  return `postgres://${SUPERUSER}:${await readOrCreatePassword(folder)}@127.0.0.1:${port}/postgres`;
}

function runImport(dir: string, command: readonly string[]) {
  const { PATH = "", HOME = "" } = process.env;
  const child = spawn(process.execPath, command, { env: { PATH, HOME, SCANMESH_HOME: dir } });
  onTestFinished(() => void child.kill("SIGKILL"));
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  return { ended, kill: () => child.kill("SIGKILL"), stdout: () => stdout, stderr: () => stderr };
}

/** Keeps the import from going on when it comes to that bulk report: another has put in the same sample and does not commit. */
async function holdAt(url: string, bulk: number): Promise<() => Promise<void>> {
  const client = new pg.Client(url);
  await client.connect();
  await client.query("begin");
  const hash = bulk.toString(16);
  await client.query("insert into samples (sha256, md5, sha1, size, mime) values ($1, $2, $3, 7, 'x')", [
    hash.padStart(64, "0"),
    hash.padStart(32, "0"),
    hash.padStart(40, "0"),
  ]);
  return () => client.end();
}

async function count(db: Database, query: ReturnType<typeof sql<{ n: number }>>): Promise<number> {
  return (await query.execute(db)).rows[0]?.n ?? -1;
}

test("an import into a mesh that is up, killed in the middle, goes on where it was", async () => {
  const dir = await home();
  const mesh = up(dir);
  await mesh.isUp();
  const source = await makeSource();
  const into = openDatabase(await embeddedUrl(dir), () => {});
  onTestFinished(() => into.destroy());
  const scans = () => count(into, sql`select count(*) as n from scans where name not like 'Self-test at start%'`);
  const waiting = () => count(into, sql`select count(*) as n from pg_locks where not granted`);

  const release = await holdAt(await embeddedUrl(dir), 2_500);
  const killed = runImport(dir, [projectPath("dist", "cli", "import-multiav.js"), source.url]);
  await until("the third page waits", async () => (await scans()) > PAGE && (await waiting()) > 0);
  killed.kill();
  await killed.ended;
  await release();
  expect(killed.stderr()).toContain("Reports  1,000 of 5,006  19 %");
  expect(await scans()).toBe(2 * PAGE - LEFT_OUT);
  expect(
    await count(
      into,
      sql`select count(*) as n from scans where total <> (select count(*) from results where scan_id = scans.id)`,
    ),
  ).toBe(0);

  const resumed = runImport(dir, [projectPath("standalone", "bootstrap.mjs"), "import-multiav", source.url]);
  expect({ code: await resumed.ended, said: resumed.stderr() }).toMatchObject({ code: 0 });
  expect(resumed.stderr()).toContain("Reports  5,006 of 5,006  100 %");
  expect(resumed.stderr()).toContain(`${BULK + SMALL - 2 * PAGE} reports with`);
  expect(await scans()).toBe(BULK + SMALL - LEFT_OUT);
  expect(await count(into, sql`select count(distinct sample_id) as n from scans where name like 'bulk%'`)).toBe(BULK);

  // The mesh made a scan of its own before, so each report has a new id; the old ones are all told, those of the first run too.
  const ids = new Map([...resumed.stdout().matchAll(/^(\d+) -> (\d+)$/gm)].map(([, old, id]) => [Number(old), Number(id)]));
  expect(ids.size).toBe(BULK + SMALL - LEFT_OUT);
  for (const bulk of [1, 1_500, 2_500, BULK]) {
    const report = (await ask(`${mesh.url()}/api/v1/sample/${ids.get(FIRST_BULK + bulk)}`)).json();
    expect(report).toMatchObject({ name: `bulk${bulk}.exe`, size: "7", start_date: START, verdict: "clean" });
  }
  const listed = (await ask(`${mesh.url()}/api/v1/sample`)).json<object[]>();
  expect(listed).toHaveLength(BULK + SMALL - LEFT_OUT + 1);
  mesh.kill("SIGINT");
  expect(await mesh.ended).toBe(0);
});
