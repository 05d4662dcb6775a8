import type { Compilable, CompiledQuery, Kysely } from "kysely";
import type { Tables } from "../../schema/tables.js";

const compiled = new Map<string, CompiledQuery>();

/**
 * Runs a statement that is asked for again and again: built once for each name. What `build` makes for a name must always have
 * the same text, with `parameters` in the order in which they stand in it.
 */
export async function runCompiled<Row>(
  db: Kysely<Tables>,
  name: string,
  parameters: readonly unknown[],
  build: () => Compilable<Row>,
): Promise<Row[]> {
  const query = compiled.get(name) ?? compile(name, build);
  if (query.parameters.length !== parameters.length)
    throw new TypeError(`${name} has ${query.parameters.length} parameters and not ${parameters.length}`);
  const { rows } = await db.executeQuery<Row>({ ...query, parameters } as CompiledQuery<Row>);
  return rows;
}

function compile(name: string, build: () => Compilable<unknown>): CompiledQuery {
  const query = build().compile();
  compiled.set(name, query);
  return query;
}
