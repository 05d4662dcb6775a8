import { setTimeout as pause } from "node:timers/promises";
import { createAbortController } from "../../schema/abort-controller.js";
import type { AgentAccounts } from "../accounts/accounts.js";
import { openCaller } from "../caller.js";
import { deleteEndedAccounts } from "../db/agent-accounts.js";
import { deleteAgentKey, deleteOldWaiting, lockAgentName, readForgettable } from "../db/agent-keys.js";
import { audit } from "../db/audit.js";
import { deleteAgent } from "../db/agents.js";
import { DatabaseAway } from "../errors.js";
import { areAllJoined } from "../db/shared-agents.js";
import type { ScanContext } from "../scan/context.js";
import type { SharedUser } from "./standing-tokens.js";

const EVERY_MS = 2_000;
const LOOK_MS = 10_000;
const EVERY_HOUR_MS = 3_600_000;
/** How long an ephemeral agent is kept after it was last heard. A gateway that has just started has not heard any agents yet. */
export const EPHEMERAL_MS = 600_000;

/** How keys are kept. */
interface Manner {
  readonly ephemeralMs?: number;
  /** The users shared by agents of earlier versions. */
  readonly sharedUsers?: readonly SharedUser[];
}

/**
 * Until stopped, forgets ephemeral agents that are gone, keys that were never accepted and accounts that ended long ago. Revokes a class's
 * shared user once all of its agents have joined. Sends NATS changes of accounts that could not be sent when they were made.
 */
export function startKeepingKeys(
  ctx: ScanContext,
  { ephemeralMs = EPHEMERAL_MS, sharedUsers = [] }: Manner = {},
): { stop(): Promise<void> } {
  const { accounts, db, fleet, log } = ctx;
  const stopping = createAbortController();
  const startedAt = performance.now();
  let forgotEndedAt = -Infinity;
  let lookedAt = -Infinity;

  async function forgetGone(): Promise<void> {
    if (performance.now() - forgotEndedAt > EVERY_HOUR_MS) {
      forgotEndedAt = performance.now();
      await deleteEndedAccounts(db);
      await deleteOldWaiting(db);
    }
    if (performance.now() - startedAt < ephemeralMs) return;
    const present = new Set(fleet.agents().map(({ agent }) => agent));
    for (const { agent, publicKey } of await readForgettable(db, ephemeralMs))
      if (!present.has(agent)) await forget(agent, publicKey);
  }

  async function forget(agent: string, publicKey: string): Promise<void> {
    const isForgotten = await db.transaction().execute(async (tx) => {
      await lockAgentName(tx, agent);
      // It may have returned meanwhile, or another gateway may have forgotten it.
      const forgettable = await readForgettable(tx, ephemeralMs);
      if (!forgettable.some((one) => one.publicKey === publicKey)) return false;
      await deleteAgentKey(tx, publicKey);
      await deleteAgent(tx, agent);
      await audit(tx, openCaller("the mesh itself", "forget"), "forgetAgent", agent, { publicKey });
      return true;
    });
    if (isForgotten) log.info({ agent }, "an ephemeral agent is gone and was forgotten");
  }

  /** Repeated regularly, because NATS may have lost the revocation with its store. */
  async function revokeShared({ revokeSharedUser }: AgentAccounts): Promise<void> {
    if (performance.now() - lookedAt < LOOK_MS) return;
    for (const { class: internet, publicKey } of sharedUsers)
      if ((await areAllJoined(db, internet)) && (await revokeSharedUser(internet, publicKey)))
        log.info({ internet, publicKey }, "every agent of the class has joined: the credentials that they shared are revoked");
    lookedAt = performance.now();
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      for (const work of accounts ? [forgetGone, () => revokeShared(accounts), () => accounts.tellChanges()] : [])
        await work().catch((error: unknown) => {
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
