import { readFile } from "node:fs/promises";
import { internetClass } from "../../schema/classes.js";
import { projectPath } from "../../schema/paths.js";
import { engineToken } from "../../schema/subjects.js";
import type { AgentConfig } from "../config.js";
import { reasonOf } from "../contract.js";
import { chooseEngines, type Choices, type ChosenEngine } from "../manifest/engine-choice.js";
import { loadManifests } from "../manifest/engine-loader.js";
import type { EngineParts } from "./engine.js";
import { PARSERS } from "../parsers/parsers.js";
import { runnersOf, type RunnerHost } from "../runners/runners.js";

/** Every engine that this host knows, running here or not. Throws if the host's own file cannot be read. */
export async function knownEngines(config: AgentConfig): Promise<Choices> {
  const folders = [
    projectPath("scanner-agent", "engines"),
    ...(config.enginesFolder === undefined ? [] : [config.enginesFolder]),
  ];
  const { manifests, mistakes } = await loadManifests(folders);
  const choices = chooseEngines(manifests, await choiceFile(config.enginesFile), config.engines);
  const engines = choices.engines.map((engine) => ofClass(engine, config));
  engines.sort((a, b) => a.manifest.name.localeCompare(b.manifest.name));
  return { engines, mistakes: [...mistakes, ...choices.mistakes] };
}

/** What an engine of this host is made of. */
export function partsOf(chosen: ChosenEngine, config: AgentConfig, host: Omit<RunnerHost, keyof AgentConfig>): EngineParts {
  const { manifest } = chosen;
  const slots = manifest.slots ?? config.slots;
  const runners = runnersOf(chosen, slots, { ...config, ...host, log: host.log.child({ engine: manifest.name }) });
  return { manifest, runners, parse: PARSERS[manifest.output], slots };
}

/** The engines that run in this agent, and what the operator should know of the others. */
export interface EngineSet {
  readonly parts: EngineParts[];
  readonly mistakes: readonly string[];
}

/** The engines that run in this agent. Mistakes are logged; throws if they leave no engine. */
export async function enginesOf(config: AgentConfig, host: Omit<RunnerHost, keyof AgentConfig>): Promise<EngineSet> {
  const { engines, mistakes: found } = await knownEngines(config);
  const mistakes = [...found, ...wantedInVain(engines, config)];
  for (const mistake of mistakes) host.log.error(mistake);
  const running = engines.filter(({ off }) => off === null);
  if (running.length === 0) {
    const nothing = `there is no engine of class ${config.internet} to run here`;
    if (mistakes.length > 0 || config.engines.length > 0) throw new Error([nothing, ...mistakes].join("\n"));
    host.log.warn(nothing);
  }
  return { parts: running.map((chosen) => partsOf(chosen, config, host)), mistakes };
}

function wantedInVain(engines: readonly ChosenEngine[], { engines: only }: AgentConfig): string[] {
  const wanted = new Set(only.map(engineToken));
  return engines
    .filter(({ manifest, off }) => off !== null && wanted.has(engineToken(manifest.name)))
    .map(({ manifest, off }) => `SCANMESH_ENGINES: ${manifest.name} does not run here: ${off?.reason}`);
}

function ofClass(engine: ChosenEngine, { internet }: AgentConfig): ChosenEngine {
  const its = internetClass(engine.manifest.internet);
  return its === internet || engine.off !== null
    ? engine
    : { ...engine, off: { cause: "OTHER_CLASS", reason: `of class ${its}` } };
}

async function choiceFile(file: string | undefined): Promise<{ file: string; text: string } | undefined> {
  if (file === undefined) return undefined;
  try {
    return { file, text: await readFile(file, "utf8") };
  } catch (cause) {
    throw new Error(`SCANMESH_ENGINES_FILE: ${reasonOf(cause)}`, { cause });
  }
}
