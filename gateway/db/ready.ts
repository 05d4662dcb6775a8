/**
 * Statements that are run so often that Postgres keeps them ready on each connection, parsed and planned. They are marked by hand:
 * one that may read much is planned better each time, by what it is asked for.
 */

import type { Compilable, CompiledQuery, Kysely, RawBuilder } from "kysely";
import type { Tables } from "../../schema/tables/database.js";

const names = new Map<string, string>();
const built = new Map<string, CompiledQuery>();

/** Runs a statement written as SQL. Under one name it must always have the same text. */
export async function runReady<Row>(db: Kysely<Tables>, name: string, statement: RawBuilder<Row>): Promise<Row[]> {
  const query = statement.compile(db);
  if (names.get(query.sql) !== name) names.set(query.sql, name);
  return (await db.executeQuery<Row>(query)).rows;
}

/**
 * The same for a statement that is built, which is done once for each name. What `build` makes for a name must always have the
 * same text, with `parameters` in the order in which they stand in it.
 */
export async function runBuilt<Row>(
  db: Kysely<Tables>,
  name: string,
  parameters: readonly unknown[],
  build: () => Compilable<Row>,
): Promise<Row[]> {
  const query = built.get(name) ?? buildOnce(name, build);
  if (query.parameters.length !== parameters.length)
    throw new TypeError(`${name} has ${query.parameters.length} parameters and not ${parameters.length}`);
  const { rows } = await db.executeQuery<Row>({ ...query, parameters } as CompiledQuery<Row>);
  return rows;
}

function buildOnce(name: string, build: () => Compilable<unknown>): CompiledQuery {
  const query = build().compile();
  built.set(name, query);
  names.set(query.sql, name);
  return query;
}

/** By which name Postgres keeps a statement ready; undefined: it does not. */
export function readyName(text: string): string | undefined {
  return names.get(text);
}
