/** Fills a migrated and empty database with a history, by COPY: a million scans with 20 results each in some minutes. */

import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import pg from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { COLUMNS, resultLines, sampleLines, scanLines, type Piece } from "./copy-lines.js";
import { ENGINES, samplesOf, type History } from "./history.js";
import type { Progress } from "./progress.js";

/** Throws if there are scans already. */
export async function fill(url: string, history: History, progress: Progress): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { scans } = history;
  const copied = (table: keyof typeof COLUMNS, pieces: Generator<Piece>, count: number, options = "") =>
    progress.measure(
      `fill  ${table}`,
      (advance) => {
        const copying = client.query(copyFrom(`copy ${table} (${COLUMNS[table]}) from stdin ${options}`));
        return pipeline(
          Readable.from(pieces),
          async function* (all: AsyncIterable<Piece>) {
            for await (const { text, done } of all) {
              yield text;
              advance(done, count);
            }
          },
          copying,
        );
      },
      () => `${count} ${table === "results" ? "scans' results" : table}`,
    );
  try {
    await client.query("set maintenance_work_mem = '512MB'");
    await checkEmpty(client);
    const engineIds = await insertEngines(client);
    await copied("samples", sampleLines(history), samplesOf(history));
    await copied("scans", scanLines(history), scans);
    await client.query("begin");
    // An empty table of this transaction takes rows that need no vacuum, and keys are made faster afterwards.
    await client.query("truncate results");
    const restore = await dropKeys(client, "results");
    await copied("results", resultLines(history, engineIds), scans, "with (freeze)");
    await progress.measure("fill  keys of results", restore, (names) => names.join(", "));
    await client.query("commit");
    await progress.measure(
      "fill  statistics",
      () => settle(client),
      () => "",
    );
  } finally {
    await client.end();
  }
}

async function checkEmpty(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ filled: boolean }>(
    "select exists (select from scans) or exists (select from samples) as filled",
  );
  if (rows[0]?.filled !== false) throw new Error("the database is not empty");
}

/** The ids of the history's engines, in its order. */
async function insertEngines(client: pg.Client): Promise<number[]> {
  const { rows } = await client.query<{ id: number }>(
    `with wanted as (
      select * from unnest($1::text[], $2::plugin_type[], $3::speed[], $4::boolean[]) with ordinality as wanted (name, type, speed, internet, place)
    ), entered as (
      insert into engines (name, type, speed, internet, input, engine_version)
      select name, type, speed, internet, case when type = 'INTEL' then 'hash'::engine_input else 'file' end, '1.0'
      from wanted order by place on conflict do nothing returning id, name
    )
    select coalesce(entered.id, engines.id) as id from wanted
      left join entered on lower(entered.name) = lower(wanted.name) left join engines on lower(engines.name) = lower(wanted.name)
    order by place`,
    [0, 1, 2, 3].map((field) => ENGINES.map((engine) => engine[field])),
  );
  return rows.map(({ id }) => id);
}

/** Drops a table's keys and indexes; gives what makes them again and says their names. */
async function dropKeys(client: pg.Client, table: string): Promise<() => Promise<string[]>> {
  const { rows: constraints } = await client.query<{ name: string; definition: string }>(
    `select conname as name, pg_get_constraintdef(oid) as definition from pg_constraint
     where conrelid = $1::regclass and contype in ('p', 'u', 'f') order by contype desc`,
    [table],
  );
  const { rows: indexes } = await client.query<{ name: string; definition: string }>(
    `select indexname as name, indexdef as definition from pg_indexes
     where schemaname = current_schema and tablename = $1 and not indexname = any($2)`,
    [table, constraints.map(({ name }) => name)],
  );
  for (const { name } of constraints) await client.query(`alter table ${table} drop constraint ${name}`);
  for (const { name } of indexes) await client.query(`drop index ${name}`);
  return async () => {
    for (const { name, definition } of constraints)
      await client.query(`alter table ${table} add constraint ${name} ${definition}`);
    for (const { definition } of indexes) await client.query(definition);
    return [...constraints, ...indexes].map(({ name }) => name);
  };
}

/** Leaves the tables as a mesh that has run for long has them: with statistics, and with nothing for autovacuum to do. */
async function settle(client: pg.Client): Promise<void> {
  for (const table of ["samples", "scans"]) {
    await client.query(`select setval(pg_get_serial_sequence($1, 'id'), greatest((select max(id) from ${table}), 1))`, [table]);
  }
  for (const table of ["samples", "scans", "results", "engines"]) await client.query(`vacuum (analyze) ${table}`);
  await client.query("checkpoint");
}
