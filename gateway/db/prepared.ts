/**
 * Prepared statements, which run so often that each connection keeps them parsed and planned. They are chosen by hand: a statement that may
 * read many rows is better planned each time, for its parameters.
 */

import { sql, type Compilable, type CompiledQuery, type Kysely, type RawBuilder } from "kysely";
import type { Tables } from "../../schema/tables/database.js";

/** The name of each statement by its text. */
const names = new Map<string, string>();
const compiled = new Map<string, CompiledQuery>();

/**
 * Runs a statement written as SQL. A name always stands for the same text. It may be planned while tables are known to be small, so nothing
 * may make it attractive to read an index from its start: rows locked in an order are sorted by an expression that no index has, and rows
 * of another step are found by an array of their keys.
 */
export async function runPrepared<Row>(db: Kysely<Tables>, name: string, statement: RawBuilder<Row>): Promise<Row[]> {
  const query = statement.compile(db);
  if (names.get(query.sql) !== name) names.set(query.sql, name);
  return (await db.executeQuery<Row>(query)).rows;
}

/**
 * Runs a query of the query builder, which is built and compiled once per name. A name always stands for the same text; `parameters` are in
 * the order of their occurrence.
 */
export async function runPreparedQuery<Row>(
  db: Kysely<Tables>,
  name: string,
  parameters: readonly unknown[],
  build: () => Compilable<Row>,
): Promise<Row[]> {
  const query = compiled.get(name) ?? compileOnce(name, build);
  if (query.parameters.length !== parameters.length)
    throw new TypeError(`statement "${name}" takes ${query.parameters.length} parameters, not ${parameters.length}`);
  const { rows } = await db.executeQuery<Row>({ ...query, parameters } as CompiledQuery<Row>);
  return rows;
}

function compileOnce(name: string, build: () => Compilable<unknown>): CompiledQuery {
  const query = build().compile();
  compiled.set(name, query);
  names.set(query.sql, name);
  return query;
}

/**
 * The elements of a parameter as an array whose length the planner cannot see. Otherwise Postgres would plan a prepared statement again
 * whenever a length looks cheaper than usual, and planning takes longer than finding a few rows.
 */
export function elements(values: readonly unknown[], type: "bigint" | "text"): RawBuilder<unknown> {
  return sql`array(select unnest(${[...values]}::${sql.raw(type)}[]))`;
}

/** The name under which a statement is prepared; undefined if it is not. */
export function preparedName(text: string): string | undefined {
  return names.get(text);
}
