import type { Logger } from "pino";
import type { AgentConfig } from "../config.js";
import { listEngines } from "../engine/engine-set.js";
import { createFetcher, type Fetcher } from "./fetcher.js";
import { createSources } from "./sources.js";

/** The fetcher of an agent that is to fetch for the mesh. */
export async function openFetcher(config: AgentConfig, log: Logger, onChange: () => void): Promise<Fetcher | undefined> {
  if (!config.fetch.isOn) return undefined;
  const { engines } = await listEngines(config);
  const sources = createSources(
    engines.map(({ manifest }) => manifest),
    config,
    log,
  );
  const { gateway, authority } = config.joined ?? {};
  return createFetcher({ sources, gateway, authority, onChange, log });
}
