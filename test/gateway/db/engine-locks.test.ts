/** Who writes several engines locks them in the order of their ids, and keeps nobody from accepting scans for them. */

import { sql } from "kysely";
import pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openDatabase, type Database } from "../../../gateway/db/database.js";
import { recordHosts, removeHost } from "../../../gateway/db/engine-hosts.js";
import { insertEngines, markAnswered, markHealthy, markPresent } from "../../../gateway/db/engines.js";
import { engine } from "../../stage/puppet-agent.js";
import { openTestDatabase } from "../../stage/database.js";
import { until } from "../../stage/stage.js";

const ENGINES = ["First", "Second"].map((name) => engine(name));
const seen = ENGINES.toReversed().map((one) => ({ ...one, agoMs: 0 }));
const hosts = (names: string[]) => [{ agent: "host", internet: "isolated" as const, engines: names, incomplete: false }];
let db: Database;
let limited: Database;
let holder: pg.Client;
let close: () => Promise<void>;

beforeAll(async () => {
  let url: string;
  ({ url, db, close } = await openTestDatabase());
  // Without an index a statement comes to the rows as they lie in the table, unless it asks for an order.
  const unordered = `${url}?options=${encodeURIComponent("-c enable_indexscan=off -c enable_bitmapscan=off")}`;
  limited = openDatabase(unordered, () => {}, { limits: { statementMs: 10_000, lockMs: 10_000, idleTransactionMs: 10_000 } });
  holder = new pg.Client({ connectionString: url });
  await holder.connect();
});

afterAll(async () => {
  await holder.end();
  await limited.destroy();
  await close();
});

async function insertInOrder(): Promise<void> {
  await sql`truncate engines cascade`.execute(db);
  await insertEngines(db, ENGINES);
  await db.transaction().execute((tx) => recordHosts(tx, hosts(["first", "second"])));
  // Its row is behind the other one's then, where a statement without an order comes to it last.
  await sql`update engines set enabled = true where name = 'First'`.execute(db);
}

const waits = async () =>
  (
    await sql<{ waits: boolean }>`select exists (select from pg_stat_activity where datname = current_database()
    and wait_event_type = 'Lock') as waits`.execute(db)
  ).rows[0]?.waits;

it.each([
  ["marked as healthy", () => markHealthy(limited, seen)],
  [
    "marked as present",
    () =>
      markPresent(
        limited,
        new Map([
          ["second", 1_000],
          ["first", 1_000],
        ]),
      ),
  ],
  ["marked as answered", () => markAnswered(limited, ["first", "second"])],
  ["taken away", () => limited.transaction().execute((tx) => recordHosts(tx, hosts([])))],
  ["left by their agent", () => limited.transaction().execute((tx) => removeHost(tx, "host"))],
])("engines that are %s are locked in the order of their ids", async (_, write) => {
  await insertInOrder();
  await holder.query("begin");
  await holder.query("select from engines where name = 'First' for no key update");
  const writing = write();
  await until("it waits for the first", waits);
  await holder.query("select from engines where name = 'Second' for no key update nowait");
  await holder.query("rollback");
  await writing;
  expect(await waits()).toBe(false);
});

it("engines are marked as healthy while scans that expect them are accepted", async () => {
  await insertInOrder();
  await holder.query("begin");
  await holder.query("select from engines for key share");
  await markHealthy(limited, seen);
  const { rows } = await holder.query("select from engines where last_healthy_at is not null");
  expect(rows).toHaveLength(2);
  await holder.query("rollback");
});
