import type { Presence } from "../../schema/presence.js";
import type { EngineRecord } from "../../schema/reports.js";
import { CHUNK_BYTES, OLD_CHUNK_BYTES } from "../../schema/streams.js";
import { engineToken } from "../../schema/subjects.js";
import type { AnnouncedFingerprints } from "../db/reuse.js";
import type { Fleet } from "./fleet.js";

/** The agents that are there, with those of their engines that are in the catalogue. */
export function cataloguedAgents(fleet: Fleet): Presence[] {
  return fleet.agents().map((agent) => ({
    ...agent,
    engines: agent.engines.filter(({ name }) => fleet.classOf(engineToken(name)) !== undefined),
  }));
}

/** The engines that are off on all agents that are there, though they could run them. */
export function enginesOff(fleet: Fleet): string[] {
  return [...new Set(fleet.agents().flatMap(({ off }) => off ?? []))];
}

/**
 * The chunks of a sample that every agent reads, in bytes. There are two sizes, whatever an agent announces: others are read by none.
 * While no agent is there, one that is older may come.
 */
export function largestChunk(fleet: Fleet): number {
  const agents = fleet.presences();
  const readLarge = agents.length > 0 && agents.every((agent) => (agent.largestChunk ?? OLD_CHUNK_BYTES) >= CHUNK_BYTES);
  return readLarge ? CHUNK_BYTES : OLD_CHUNK_BYTES;
}

/** How many agents run an engine now, and how many slots they have for it together. */
export function serving(fleet: Fleet, { name }: Pick<EngineRecord, "name">): { agents: number; slots: number } {
  const here = fleet
    .agents()
    .filter(({ state }) => state === "READY")
    .flatMap(({ engines }) => engines.filter((engine) => engine.healthy && engineToken(engine.name) === engineToken(name)));
  return { agents: here.length, slots: here.reduce((sum, { slots }) => sum + slots, 0) };
}

/** What the answers of the healthy engines of present agents depend on, as far as it is known. */
export function announcedFingerprints(fleet: Fleet, catalogue: readonly EngineRecord[]): AnnouncedFingerprints {
  const idOf = new Map(catalogue.map(({ name, engineId }) => [engineToken(name), engineId]));
  const healthy = fleet.agents().flatMap(({ engines }) => engines.filter((engine) => engine.healthy));
  return healthy.flatMap(({ name, fingerprint }) => {
    const engineId = idOf.get(engineToken(name));
    return engineId === undefined || fingerprint === undefined ? [] : [{ engineId, fingerprint }];
  });
}
