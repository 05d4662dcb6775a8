import type { Presence } from "../../schema/presence.js";
import type { EngineRecord } from "../../schema/reports.js";
import { CHUNK_BYTES, OLD_CHUNK_BYTES } from "../../schema/streams.js";
import { engineToken } from "../../schema/subjects.js";
import type { AnnouncedFingerprints } from "../db/reuse.js";
import type { Fleet } from "./fleet.js";

/** The present agents, with those of their engines that are in the catalogue. */
export function cataloguedAgents(fleet: Fleet): Presence[] {
  return fleet.agents().map((agent) => ({
    ...agent,
    engines: agent.engines.filter(({ name }) => fleet.classOf(engineToken(name)) !== undefined),
  }));
}

/** Engines that present agents could run but have turned off. */
export function enginesOff(fleet: Fleet): string[] {
  return [...new Set(fleet.agents().flatMap(({ off }) => off ?? []))];
}

/**
 * The size in bytes of chunks that every agent can read. There are only two sizes, regardless of what agents announce. While no agent is
 * present, the smaller one is used, because an older agent may appear.
 */
export function largestChunk(fleet: Fleet): number {
  const agents = fleet.presences();
  const readLarge = agents.length > 0 && agents.every((agent) => (agent.largestChunk ?? OLD_CHUNK_BYTES) >= CHUNK_BYTES);
  return readLarge ? CHUNK_BYTES : OLD_CHUNK_BYTES;
}

/** How many agents run an engine now, and their slots for it in total. */
export function serving(fleet: Fleet, { name }: Pick<EngineRecord, "name">): { agents: number; slots: number } {
  const here = fleet
    .agents()
    .filter(({ state }) => state === "READY")
    .flatMap(({ engines }) => engines.filter((engine) => engine.healthy && engineToken(engine.name) === engineToken(name)));
  return { agents: here.length, slots: here.reduce((sum, { slots }) => sum + slots, 0) };
}

/** Fingerprints of the healthy engines of present agents, as far as they are known. */
export function announcedFingerprints(fleet: Fleet, catalogue: readonly EngineRecord[]): AnnouncedFingerprints {
  const idOf = new Map(catalogue.map(({ name, engineId }) => [engineToken(name), engineId]));
  const healthy = fleet.agents().flatMap(({ engines }) => engines.filter((engine) => engine.healthy));
  return healthy.flatMap(({ name, fingerprint }) => {
    const engineId = idOf.get(engineToken(name));
    return engineId === undefined || fingerprint === undefined ? [] : [{ engineId, fingerprint }];
  });
}
