import { engineToken } from "../../schema/subjects.js";
import type { EngineRecord } from "../../schema/reports.js";
import { checkSourcesNow } from "../db/fetch-looks.js";
import type { UpdateMesh } from "./context.js";

/** Makes fetchers check the sources of these engines now. Returns the names of the engines that have a source. */
export async function askFetchers({ db, fleet }: UpdateMesh, engines: readonly EngineRecord[], set?: string): Promise<string[]> {
  const sources = (fleet?.presences() ?? []).flatMap(({ fetches }) => fetches?.sources ?? []);
  const offered = engines.flatMap(({ engineId, name }) =>
    sources
      .filter((source) => engineToken(source.engine) === engineToken(name) && (set ?? source.set) === source.set)
      .map((source) => ({ engineId, set: source.set })),
  );
  const engineIds = await checkSourcesNow(db, { engineIds: engines.map(({ engineId }) => engineId), set, offered });
  return engines.filter(({ engineId }) => engineIds.has(engineId)).map(({ name }) => name);
}
