import { readFile } from "node:fs/promises";
import { internetClass } from "../../schema/classes.js";
import { OperatorError } from "../../schema/operator-error.js";
import { projectPath } from "../../schema/paths.js";
import { engineToken } from "../../schema/subjects.js";
import type { AgentConfig } from "../config.js";
import { reasonOf } from "../contract.js";
import type { EngineSettings } from "../../schema/agent-settings.js";
import { chooseEngines, type Choices, type ChosenEngine } from "../manifest/engine-choice.js";
import { applySettings, limitsOf, type SetEngine } from "../manifest/mesh-settings.js";
import { loadManifests } from "../manifest/engine-loader.js";
import type { EngineParts } from "./engine.js";
import { PARSERS } from "../parsers/parsers.js";
import { findTaken, requireTaken } from "../runners/taken-bundles.js";
import { createRunners, type RunnerHost } from "../runners/runners.js";

/** Every engine of the manifests, whether it runs here or not. Throws if the host's engines file cannot be read. */
export async function listEngines(config: AgentConfig): Promise<Choices> {
  const folders = [
    projectPath("scanner-agent", "engines"),
    ...(config.enginesFolder === undefined ? [] : [config.enginesFolder]),
  ];
  const { manifests, mistakes } = await loadManifests(folders);
  const choices = chooseEngines(manifests, await readEnginesFile(config.enginesFile), config.engines);
  const engines = choices.engines.map((engine) => checkClass(engine, config));
  engines.sort((a, b) => a.manifest.name.localeCompare(b.manifest.name));
  return { engines, mistakes: [...mistakes, ...choices.mistakes] };
}

/** Creates what an engine of this host is made of. */
export function createParts(
  chosen: ChosenEngine & Partial<SetEngine>,
  config: AgentConfig,
  host: Omit<RunnerHost, keyof AgentConfig>,
): EngineParts {
  const { manifest, own } = chosen;
  const takes = findTaken(chosen);
  const limits = limitsOf(manifest, config.slots);
  const { slots } = limits;
  const runners = createRunners(chosen, slots, { ...config, ...host, log: host.log.child({ engine: manifest.name }) });
  const parse: EngineParts["parse"] = (raw) => PARSERS[manifest.output](raw, manifest.ignore);
  const remake: NonNullable<EngineParts["remake"]> = (provision, beside) => {
    if (provision !== null) requireTaken(takes, provision);
    return createParts(chosen, config, { ...host, provision, beside });
  };
  return { manifest, runners, parse, slots, limits, own, ...(takes.files || takes.image ? { remake } : {}) };
}

/** The engines that run in this agent, and mistakes for the operator. */
export interface EngineSet {
  readonly parts: EngineParts[];
  readonly mistakes: readonly string[];
  /** Names of engines that are off on this host. */
  readonly off: readonly string[];
}

/**
 * The engines that run in this agent as the mesh sets them, a sentence for each setting that cannot be applied, and mistakes in the
 * manifests and the host's choice as they are now.
 */
export async function arrangeEngines(
  config: AgentConfig,
  host: Omit<RunnerHost, keyof AgentConfig>,
  settings: readonly EngineSettings[],
): Promise<EngineSet & { readonly problems: readonly string[] }> {
  const { engines: found, mistakes } = await listEngines(config);
  const { engines, problems } = applySettings(found, settings, config.slots);
  const running = engines.filter(({ off }) => off === null);
  const parts = running.map((chosen) => createParts(chosen, config, host));
  return { parts, off: listOff(engines), problems, mistakes: [...mistakes, ...findNotRunning(found, config)] };
}

/** Creates the engines that run in this agent. Logs mistakes; throws {@link OperatorError} if they leave no engine. */
export async function createEngineSet(config: AgentConfig, host: Omit<RunnerHost, keyof AgentConfig>): Promise<EngineSet> {
  const { engines, mistakes: found } = await listEngines(config);
  const mistakes = [...found, ...findNotRunning(engines, config)];
  for (const mistake of mistakes) host.log.error(mistake);
  const running = engines.filter(({ off }) => off === null);
  if (running.length === 0) {
    const nothing = `there is no engine of class ${config.internet} to run here`;
    if (mistakes.length > 0 || config.engines.length > 0) throw new OperatorError([nothing, ...mistakes].join("\n"));
    host.log.warn(nothing);
  }
  const { parts, off } = await arrangeEngines(config, host, []);
  return { parts, mistakes, off };
}

const LEFT_OUT: ReadonlySet<string> = new Set(["DEFAULT", "HOST", "MESH"]);

function listOff(engines: readonly ChosenEngine[]): string[] {
  return engines.filter(({ off }) => off !== null && LEFT_OUT.has(off.cause)).map(({ manifest }) => manifest.name);
}

function findNotRunning(engines: readonly ChosenEngine[], { engines: only }: AgentConfig): string[] {
  const wanted = new Set(only.map(engineToken));
  return engines
    .filter(({ manifest, off }) => off !== null && wanted.has(engineToken(manifest.name)))
    .map(({ manifest, off }) => `SCANMESH_ENGINES: ${manifest.name} does not run here: ${off?.reason}`);
}

function checkClass(engine: ChosenEngine, { internet }: AgentConfig): ChosenEngine {
  const its = internetClass(engine.manifest.internet);
  return its === internet || engine.off !== null
    ? engine
    : { ...engine, off: { cause: "OTHER_CLASS", reason: `of class ${its}` } };
}

async function readEnginesFile(file: string | undefined): Promise<{ file: string; text: string } | undefined> {
  if (file === undefined) return undefined;
  try {
    return { file, text: await readFile(file, "utf8") };
  } catch (cause) {
    throw new OperatorError(`SCANMESH_ENGINES_FILE: ${reasonOf(cause)}`, { cause });
  }
}
