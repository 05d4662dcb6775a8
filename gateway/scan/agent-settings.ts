/**
 * Settings that users make for an agent's engines. They are kept in Postgres and sent until the agent's presence shows that it has applied
 * them.
 */

import { ENGINE_LIMITS, type EngineLimits, type EngineSettings } from "../../schema/agent-settings.js";
import { engineToken } from "../../schema/subjects.js";
import { suggestName } from "../../schema/suggestion.js";
import type { Caller } from "../caller.js";
import { lockAgentSettings, readAgentSettings, writeAgentSettings, type AgentSettingsRecord } from "../db/agent-settings.js";
import { readAgents } from "../db/agents.js";
import { audit } from "../db/audit.js";
import { badInput, GatewayError } from "../errors.js";
import type { PresentAgent } from "../fleet/presence.js";
import type { ScanContext } from "./context.js";

/** An agent's engines: their names, and the limits in the host's own settings, if it reports them. */
type Known = ReadonlyMap<string, { readonly name: string; readonly own?: EngineLimits | undefined }>;

/**
 * Sets engines of an agent, each as a whole; null falls back to the host's own setting. An offline agent gets the settings when it returns.
 * Throws NOT_FOUND, and BAD_INPUT for an engine that the agent does not have or an invalid value.
 */
export async function updateAgentSettings(
  ctx: ScanContext,
  caller: Caller,
  agent: string,
  changes: readonly EngineSettings[],
): Promise<AgentSettingsRecord> {
  if (changes.length === 0) throw badInput("engines", "names no engine");
  const present = ctx.fleet.agents().find((one) => one.agent === agent);
  const gone = present ? undefined : (await readAgents(ctx.db)).find((one) => one.agent === agent);
  const record = await ctx.db.transaction().execute(async (tx) => {
    const before = await lockAgentSettings(tx, agent);
    if (!present && !gone && !before) throw new GatewayError("NOT_FOUND", `there is no agent ${agent}`);
    const known = knownEngines(present, gone?.engines ?? [], before?.engines ?? []);
    const checked = changes.map((change, i) => checkEngine(change, `engines.${i}`, agent, known, present));
    const changed = new Map(checked.map((one) => [engineToken(one.engine), one]));
    if (changed.size < checked.length) throw badInput("engines", "names an engine twice");
    const kept = (before?.engines ?? []).filter(({ engine }) => !changed.has(engineToken(engine)));
    const engines = [...kept, ...checked.filter(setsSomething)].toSorted((a, b) => a.engine.localeCompare(b.engine));
    const written = await writeAgentSettings(tx, agent, engines);
    await audit(tx, caller, "updateAgentSettings", agent, { engines: checked });
    return written;
  });
  // Older agents do not support settings.
  if (present?.settings) sendSettings(ctx, present, record);
  return record;
}

/** Sends settings to agents whose presence shows others, because the message was lost, or the agent restarted or was away. */
export async function repeatSettings(ctx: ScanContext): Promise<void> {
  const records = new Map((await readAgentSettings(ctx.db)).map((record) => [record.agent, record]));
  for (const present of ctx.fleet.agents()) {
    const { agent, settings } = present;
    const wanted = records.get(agent) ?? NONE;
    if (settings && settings.revision !== wanted.revision) sendSettings(ctx, present, wanted);
  }
}

const NONE: Pick<AgentSettingsRecord, "revision" | "engines"> = { revision: 0, engines: [] };

function sendSettings(
  { bus }: ScanContext,
  { agent, class: internet }: PresentAgent,
  { revision, engines }: Pick<AgentSettingsRecord, "revision" | "engines">,
): void {
  bus.account(internet).sendControl(agent, { v: 1, kind: "settings", revision, engines: [...engines] });
}

function knownEngines(present: PresentAgent | undefined, names: readonly string[], set: readonly EngineSettings[]): Known {
  const named = [...names, ...set.map(({ engine }) => engine), ...(present?.off ?? [])];
  return new Map([
    ...named.map((name) => [engineToken(name), { name }] as const),
    ...(present?.engines ?? []).map(({ name, own }) => [engineToken(name), { name, own }] as const),
  ]);
}

/** The change, with the engine's name as the agent spells it. */
function checkEngine(
  change: EngineSettings,
  path: string,
  agent: string,
  known: Known,
  present: PresentAgent | undefined,
): EngineSettings {
  const found = known.get(engineToken(change.engine));
  if (found === undefined) {
    const names = [...known.values()].map(({ name }) => name);
    throw badInput(`${path}.engine`, `${agent} has no engine ${change.engine}${suggestName(change.engine, names)}`);
  }
  const { name, own } = found;
  for (const field of ["slots", "timeoutMs", "memory", "cpus"] as const) {
    const value = change[field];
    if (value === undefined || value === null) continue;
    const { min, max } = ENGINE_LIMITS[field];
    if (!(value >= min && value <= max)) throw badInput(`${path}.${field}`, `must be from ${min} to ${max}`);
    if (own?.[field] === null) throw badInput(`${path}.${field}`, `${name} has no such limit on ${agent}`);
  }
  const { cores = Infinity, memory = Infinity } = present?.machine ?? {};
  if ((change.cpus ?? 0) > cores) throw badInput(`${path}.cpus`, `the host of ${agent} has ${cores} processors`);
  if ((change.memory ?? 0) > memory) throw badInput(`${path}.memory`, `the host of ${agent} has ${memory} bytes of memory`);
  return { ...change, engine: name };
}

function setsSomething({ enabled, slots, timeoutMs, memory, cpus }: EngineSettings): boolean {
  return [enabled, slots, timeoutMs, memory, cpus].some((value) => value !== null && value !== undefined);
}
