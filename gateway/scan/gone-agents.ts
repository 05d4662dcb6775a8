import { readAgents, type AgentRecord } from "../db/agents.js";
import type { ScanContext } from "./context.js";

/** Agents that are offline, as last heard; the latest first. */
export async function readGoneAgents({ db, fleet }: ScanContext): Promise<AgentRecord[]> {
  const online = new Set(fleet.agents().map((presence) => `${presence.class} ${presence.agent}`));
  return (await readAgents(db)).filter((record) => !online.has(`${record.class} ${record.agent}`));
}
