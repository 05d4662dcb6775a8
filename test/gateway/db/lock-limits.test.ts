import { sql } from "kysely";
import pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openDatabase, type Database } from "../../../gateway/db/database.js";
import type { LockHolder } from "../../../gateway/db/lock-holders.js";
import { createHolderReport } from "../../../gateway/db/lock-holders.js";
import { migrate } from "../../../gateway/db/migrations.js";
import { createDatabase, openTestDatabase } from "../../stage/database.js";
import { until } from "../../stage/stage.js";

const LIMITS = { statementMs: 500, lockMs: 50, idleTransactionMs: 200 };
let url: string;
let db: Database;
let limited: Database;
let close: () => Promise<void>;
const told: (readonly LockHolder[])[] = [];

beforeAll(async () => {
  ({ url, db, close } = await openTestDatabase());
  limited = openDatabase(url, () => {}, { limits: LIMITS, onBlocked: (holders) => told.push(holders) });
});

afterAll(async () => {
  await limited.destroy();
  await close();
});

it("who waits in vain for a lock is told that the database is busy, and the log names who may hold it", async () => {
  const holder = new pg.Client({ connectionString: url, application_name: "careless" });
  await holder.connect();
  await holder.query("begin");
  await holder.query("lock table scans in access exclusive mode");
  const refused = await limited
    .selectFrom("scans")
    .select("id")
    .execute()
    .catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: "UNAVAILABLE", message: "the database has too much to do" });
  const [holders] = await until("it is told", () => (told.length > 0 ? told : undefined));
  expect(holders).toMatchObject([
    { application: "careless", state: "idle in transaction", statement: "lock table scans in access exclusive mode" },
  ]);
  await holder.end();
});

it("a transaction that does nothing is ended, so that its locks are free", async () => {
  const idle = limited.transaction().execute(async (tx) => {
    await sql`lock table scans in access exclusive mode`.execute(tx);
    await until("its lock is free", () => sql`select from scans`.execute(db));
    await sql`select 1`.execute(tx);
  });
  await expect(idle).rejects.toMatchObject({ code: "UNAVAILABLE" });
});

it("migrations are applied after a deadlock with a gateway that is at work", async () => {
  const older = openDatabase(await createDatabase(), () => {});
  try {
    await sql`create sequence tries`.execute(older);
    await sql`create function end_first() returns event_trigger language plpgsql as $$ begin
      if nextval('tries') = 1 then raise exception 'deadlock detected' using errcode = '40P01'; end if; end $$`.execute(older);
    await sql`create event trigger end_first on ddl_command_start when tag in ('ALTER TABLE') execute function end_first()`.execute(
      older,
    );
    const applied = await migrate(older);
    expect(applied).toContain("0034-durations-of-slow-results");
    expect(await migrate(older)).toEqual([]);
  } finally {
    await older.destroy();
  }
});

it("a statement has a limit", async () => {
  await expect(sql`select pg_sleep(60)`.execute(limited)).rejects.toMatchObject({ code: "UNAVAILABLE" });
});

it("that the holders of a lock cannot be asked for is told, with the error", async () => {
  const pool = new pg.Pool({ connectionString: url });
  await pool.end();
  const told = new Promise((resolve) => createHolderReport(pool, 50, (holders, error) => resolve({ holders, error }))());
  expect(await told).toMatchObject({ holders: [], error: { message: expect.stringContaining("end on the pool") } });
});
