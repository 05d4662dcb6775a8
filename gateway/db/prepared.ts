import type { Compilable, CompiledQuery, Kysely } from "kysely";
import type { Tables } from "../../schema/tables.js";

const compiled = new Map<string, CompiledQuery>();

/**
 * Runs a statement that is asked for again and again: built once for each name. What `build` makes for a name must always have
 * the same text, with `parameters` in the order in which they stand in it.
 */
export async function runPrepared<Row>(
  db: Kysely<Tables>,
  name: string,
  parameters: readonly unknown[],
  build: () => Compilable<Row>,
): Promise<Row[]> {
  const query = compiled.get(name) ?? build().compile();
  compiled.set(name, query);
  if (query.parameters.length !== parameters.length)
    throw new TypeError(`${name} has ${query.parameters.length} parameters and not ${parameters.length}`);
  const { rows } = await db.executeQuery<Row>({ ...query, parameters } as CompiledQuery<Row>);
  return rows;
}

/** Runs after which a statement is one that is asked for again and again. */
const OFTEN = 10;
/** Statements that Postgres keeps ready on each connection, and texts whose runs are counted. */
const MOST_READY = 100;
const MOST_COUNTED = 1_000;
const runs = new Map<string, number>();
const names = new Map<string, string>();

/** By which name Postgres keeps a statement ready, parsed and planned; undefined: it does not, or not yet. */
export function readyName(text: string): string | undefined {
  const known = names.get(text);
  if (known !== undefined || names.size === MOST_READY) return known;
  const times = (runs.get(text) ?? 0) + 1;
  if (times > OFTEN) {
    names.set(text, `statement ${names.size + 1}`);
    runs.delete(text);
  } else {
    if (runs.size >= MOST_COUNTED) runs.clear();
    runs.set(text, times);
  }
  return names.get(text);
}
