import { setTimeout as pause } from "node:timers/promises";
import { createAbortController } from "../../schema/abort-controller.js";
import { openCaller } from "../caller.js";
import { deleteAgentKey, readForgettable, readRevokedWithAccount } from "../db/agent-keys.js";
import { audit } from "../db/audit.js";
import { deleteAgent } from "../db/agents.js";
import { DatabaseAway } from "../errors.js";
import type { ScanContext } from "../scan/context.js";

const EVERY_MS = 2_000;
/** How long an ephemeral agent is kept after it was last heard. A gateway that has just started has not heard anybody yet. */
export const EPHEMERAL_MS = 600_000;

/** Takes their accounts from agents whose keys were revoked, and forgets ephemeral agents that are gone, until it is stopped. */
export function startKeepingKeys(ctx: ScanContext, ephemeralMs = EPHEMERAL_MS): { stop(): Promise<void> } {
  const { accounts, db, fleet, log } = ctx;
  const stopping = createAbortController();
  const startedAt = performance.now();

  async function keep(): Promise<void> {
    if (accounts === undefined) return;
    for (const agent of await readRevokedWithAccount(db)) await accounts.revokeAgent(agent);
    if (performance.now() - startedAt < ephemeralMs) return;
    const present = new Set(fleet.agents().map(({ agent }) => agent));
    for (const { agent, publicKey } of await readForgettable(db, ephemeralMs))
      if (!present.has(agent)) await forget(agent, publicKey);
  }

  async function forget(agent: string, publicKey: string): Promise<void> {
    await accounts?.revokeAgent(agent);
    await db.transaction().execute(async (tx) => {
      await deleteAgentKey(tx, publicKey);
      await deleteAgent(tx, agent);
      await audit(tx, openCaller("the mesh itself", "forget"), "forgetAgent", agent, { publicKey });
    });
    log.info({ agent }, "an ephemeral agent is gone and was forgotten");
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      await keep().catch((error: unknown) => {
        if (!(error instanceof DatabaseAway)) log.warn({ err: error }, "cannot keep the keys of agents; retrying");
      });
      await pause(EVERY_MS, undefined, stopping).catch((error: unknown) => {
        if (!stopping.signal.aborted) throw error;
      });
    }
  }

  const running = run();
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
