/** Which sets can be fetched, how often their sources are checked, and which fetcher does the next check. */

import type { Presence } from "../../schema/presence.js";
import type { EngineRecord } from "../../schema/reports.js";
import { engineToken } from "../../schema/subjects.js";
import type { FetchJobRecord } from "../db/fetch-jobs.js";
import { DEFAULT_POLICY, type PolicyRecord } from "../db/update-policies.js";

/** An agent that fetches for the mesh. */
export type Fetcher = Presence & { readonly fetches: NonNullable<Presence["fetches"]> };

/** A set with a source. */
export interface Fetchable {
  readonly engineId: number;
  readonly set: string;
  readonly everyMs: number;
}

/** The agents that fetch. One that is drained stays in the list, because it finishes the jobs that it has. */
export function findFetchers(presences: readonly Presence[]): Fetcher[] {
  return presences.filter((presence): presence is Fetcher => presence.fetches !== undefined);
}

/** The sets of enabled engines that some fetcher can fetch. An interval that people have set overrides the manifest's. */
export function findFetchable(
  fetchers: readonly Fetcher[],
  engines: readonly EngineRecord[],
  policies: readonly PolicyRecord[],
): Fetchable[] {
  const known = new Map(engines.filter(({ enabled }) => enabled).map(({ engineId, name }) => [engineToken(name), engineId]));
  const sets = new Map<string, Fetchable>();
  for (const { fetches } of fetchers) {
    for (const { engine, set, everyMs } of fetches.sources) {
      const engineId = known.get(engineToken(engine));
      if (engineId === undefined) continue;
      const policy = policies.find((one) => one.engineId === engineId && one.set === set)?.checkEveryMs;
      const chosen = policy === undefined || policy === DEFAULT_POLICY.checkEveryMs ? (everyMs ?? policy) : policy;
      sets.set(`${engineId} ${set}`, { engineId, set, everyMs: chosen ?? DEFAULT_POLICY.checkEveryMs });
    }
  }
  return [...sets.values()];
}

/**
 * Chooses the fetcher for the next check. The one that did the last has most of the files on its disk, so it goes on unless it failed and
 * another can take over. Among the others, the one with the fewest jobs is chosen.
 */
export function chooseFetcher(
  fetchers: readonly Fetcher[],
  last: FetchJobRecord,
  jobs: readonly FetchJobRecord[],
): Fetcher | undefined {
  const candidates = fetchers.filter(
    ({ state, fetches }) =>
      state === "READY" &&
      fetches.sources.some(({ engine, set }) => engineToken(engine) === engineToken(last.engine) && set === last.set),
  );
  const load = ({ agent }: Fetcher) => jobs.filter((job) => job.isOpen && job.agent === agent).length;
  const others = candidates.filter(({ agent }) => agent !== last.agent);
  const before = candidates.find(({ agent }) => agent === last.agent);
  if (before && (last.state !== "FAILED" || others.length === 0)) return before;
  return others.toSorted((one, other) => load(one) - load(other) || (one.agent < other.agent ? -1 : 1))[0];
}
