import type { EngineRecord } from "../../schema/reports.js";
import { engineToken } from "../../schema/subjects.js";
import { suggestName } from "../../schema/suggestion.js";
import type { Database } from "../db/database.js";
import { readEngines } from "../db/engines.js";
import { GatewayError } from "../errors.js";

/** The engines with these names, or all of the catalogue. Throws NOT_FOUND. */
export async function findEngines(db: Database, names: readonly string[] | undefined): Promise<EngineRecord[]> {
  const engines = await readEngines(db);
  if (names === undefined) return engines;
  return [...new Set(names.map(engineToken))].map((token, i) => {
    const found = engines.find(({ name }) => engineToken(name) === token);
    if (found) return found;
    const known = engines.map(({ name }) => name);
    throw new GatewayError("NOT_FOUND", `there is no engine ${names[i] ?? token}${suggestName(token, known)}`);
  });
}

/** The engine with this name. Throws NOT_FOUND. */
export async function findEngine(db: Database, name: string): Promise<EngineRecord> {
  const [engine] = await findEngines(db, [name]);
  if (!engine) throw new GatewayError("NOT_FOUND", `there is no engine ${name}`);
  return engine;
}
