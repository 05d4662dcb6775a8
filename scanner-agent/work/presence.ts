import type { Logger } from "pino";
import type { Presence } from "../../schema/presence.js";
import type { Bus } from "../bus/bus.js";
import { reasonOf } from "../contract.js";
import { deletePresence, putPresence } from "../bus/verbs.js";

/** Keeps the agent's presence in the mesh up to date. */
export interface Announcer {
  /** Publishes the presence as it is now. Resolves after the attempt; if it failed, the next heartbeat tries again. */
  announce(): Promise<void>;
  /** Stops the heartbeat and says goodbye: the agent is restarted, or it will not come back. */
  withdraw(goodbye: Goodbye): Promise<void>;
}

/** Whether others still expect a leaving agent's engines. The copy of an agent says nothing: the presence is the original's. */
export type Goodbye = "RESTARTING" | "REMOVED" | "NONE";

/** Announces the agent at every heartbeat. */
export function startPresence(
  bus: Bus,
  { agent, heartbeatMs }: Pick<Presence, "agent" | "heartbeatMs">,
  current: () => Promise<Presence>,
  log: Logger,
): Announcer {
  let putting: Promise<void> | undefined;
  let again = false;
  let logged = "";
  let withdrawn = false;

  async function put(): Promise<void> {
    try {
      do {
        again = false;
        await putPresence(bus, await current());
      } while (again && !withdrawn);
      logged = "";
    } catch (error) {
      // The next heartbeat tries again; the same reason is logged once.
      const reason = reasonOf(error);
      if (reason !== logged) log.warn({ reason }, `Cannot announce the agent (${reason}); retrying`);
      logged = reason;
    }
  }

  async function announce(): Promise<void> {
    // A put that is under way may carry an older presence: put again after it.
    again = true;
    if (!withdrawn) await (putting ??= put().finally(() => (putting = undefined)));
  }

  const heartbeat = setInterval(() => void announce(), heartbeatMs);
  return {
    announce,
    async withdraw(goodbye) {
      withdrawn = true;
      clearInterval(heartbeat);
      await putting;
      if (goodbye === "NONE") return;
      try {
        if (goodbye === "RESTARTING") await deletePresence(bus, agent);
        else await putPresence(bus, { ...(await current()), goodbye });
      } catch (error) {
        log.warn({ reason: reasonOf(error) }, "Cannot say that the agent leaves; its presence expires by itself");
      }
    },
  };
}
