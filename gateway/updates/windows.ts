/** Times of the day at which updates may begin. */

import type { Caller } from "../caller.js";
import { lockAgentSettings, writeAgentWindow, type AgentSettingsRecord, type AgentWindow } from "../db/agent-settings.js";
import { readAgents } from "../db/agents.js";
import { audit } from "../db/audit.js";
import { badInput, GatewayError } from "../errors.js";
import type { ScanContext } from "../scan/context.js";

const MINUTES = 1_440;

/** Throws BAD_INPUT for a window that is not valid; undefined fields stay as they are. */
export function checkWindow({ windowFrom, windowTo }: Partial<AgentWindow>): void {
  if ((windowFrom ?? null) === null ? (windowTo ?? null) !== null : (windowTo ?? null) === null)
    throw badInput("windowTo", "a window needs both of its ends");
  for (const [field, minute] of Object.entries({ windowFrom, windowTo }))
    if (minute !== undefined && minute !== null && !(minute >= 0 && minute < MINUTES))
      throw badInput(field, "must be a minute of the day: 0 to 1439");
  if (windowFrom !== undefined && windowFrom !== null && windowFrom === windowTo)
    throw badInput("windowTo", "must differ from windowFrom");
}

/**
 * Sets when the engines of an agent follow updates, whoever asked for them; null: at any time. Ways back do not wait for it. Throws NOT_FOUND
 * and BAD_INPUT.
 */
export async function setAgentUpdateWindow(
  { db, fleet }: Pick<ScanContext, "db" | "fleet">,
  caller: Caller,
  agent: string,
  window: AgentWindow,
): Promise<AgentSettingsRecord> {
  checkWindow(window);
  const isThere = fleet.agents().some((one) => one.agent === agent);
  const isKnown = isThere || (await readAgents(db)).some((one) => one.agent === agent);
  return db.transaction().execute(async (tx) => {
    const before = await lockAgentSettings(tx, agent);
    if (!isKnown && !before) throw new GatewayError("NOT_FOUND", `there is no agent ${agent}`);
    await audit(tx, caller, "setAgentUpdateWindow", agent, { ...window });
    return writeAgentWindow(tx, agent, window);
  });
}
