/** The mesh's settings of engines take precedence over their host's, but turn on nothing that the host leaves out. */

import type { EngineLimits, EngineSettings } from "../../schema/agent-settings.js";
import type { Manifest } from "../../schema/manifest.js";
import { engineToken } from "../../schema/subjects.js";
import type { ChosenEngine } from "./engine-choice.js";

/** An engine as it is to run, and how much it may use by its host's own settings. */
export interface SetEngine extends ChosenEngine {
  readonly own: EngineLimits;
}

/** The engines as the mesh sets them; each problem is a sentence about what could not be applied. */
export function applySettings(
  engines: readonly ChosenEngine[],
  settings: readonly EngineSettings[],
  hostSlots: number,
): { engines: SetEngine[]; problems: string[] } {
  const left = new Map(settings.map((one) => [engineToken(one.engine), one]));
  const problems: string[] = [];
  const set = engines.map((engine): SetEngine => {
    const token = engineToken(engine.manifest.name);
    const own = limitsOf(engine.manifest, hostSlots);
    const wanted = left.get(token);
    left.delete(token);
    if (wanted === undefined) return { ...engine, own };
    const problem = problemOf(engine, wanted, own);
    if (problem !== undefined) problems.push(`${engine.manifest.name}: ${problem}`);
    return { ...engine, off: offBy(engine, wanted), manifest: withSettings(engine.manifest, wanted), own };
  });
  for (const { engine } of left.values()) problems.push(`${engine}: the agent's manifests describe no such engine`);
  return { engines: set, problems };
}

/** How much an engine may use. */
export function limitsOf({ slots, timeout, run }: Manifest, hostSlots: number): EngineLimits {
  const program = run.process?.command === undefined ? undefined : run.process.limits;
  const container = run.container?.limits;
  return {
    slots: slots ?? hostSlots,
    timeoutMs: timeout,
    memory: container?.memory ?? program?.memory ?? null,
    cpus: container?.cpus ?? null,
  };
}

function problemOf({ off }: ChosenEngine, { enabled, memory, cpus }: EngineSettings, own: EngineLimits): string | undefined {
  if (enabled === true && off !== null && off.cause !== "DEFAULT") return `it stays off here: ${off.reason}`;
  if (typeof memory === "number" && own.memory === null) return "it is no program or container, whose memory could be limited";
  if (typeof cpus === "number" && own.cpus === null) return "it is no container, whose processors could be limited";
  return undefined;
}

function offBy({ off }: ChosenEngine, { enabled }: EngineSettings): ChosenEngine["off"] {
  if (enabled === false) return off ?? { cause: "MESH", reason: "off by the mesh's settings" };
  return enabled === true && off?.cause === "DEFAULT" ? null : off;
}

function withSettings(manifest: Manifest, { slots, timeoutMs, memory, cpus }: EngineSettings): Manifest {
  const { process: program, container } = manifest.run;
  return {
    ...manifest,
    slots: slots ?? manifest.slots,
    timeout: timeoutMs ?? manifest.timeout,
    run: {
      ...manifest.run,
      process: program && { ...program, limits: { ...program.limits, memory: memory ?? program.limits.memory } },
      container: container && {
        ...container,
        limits: { ...container.limits, memory: memory ?? container.limits.memory, cpus: cpus ?? container.limits.cpus },
      },
    },
  };
}
