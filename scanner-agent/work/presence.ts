import type { Logger } from "pino";
import type { Presence } from "../../schema/messages.js";
import type { Bus } from "../bus/bus.js";
import { reasonOf } from "../contract.js";
import { deletePresence, putPresence } from "../bus/verbs.js";

/** The agent's key in AGENTS. */
export interface Announcer {
  /** Puts the presence as it is now; resolves when that was tried, and the next heartbeat tries again if it failed. */
  announce(): Promise<void>;
  /** Stops the heartbeat and deletes the key. */
  leave(): Promise<void>;
}

/** Announces the agent at every heartbeat and whenever it is asked to. */
export function startPresence(bus: Bus, current: () => Presence, log: Logger): Announcer {
  let putting: Promise<void> | undefined;
  let again = false;
  let told = "";
  let left = false;

  async function put(): Promise<void> {
    try {
      do {
        again = false;
        await putPresence(bus, current());
      } while (again && !left);
      told = "";
    } catch (error) {
      // The next heartbeat tries again; the bus being away is said once.
      const reason = reasonOf(error);
      if (reason !== told) log.warn({ reason }, "the agent is not announced");
      told = reason;
    }
  }

  async function announce(): Promise<void> {
    // While a put is on its way, it is followed by another.
    again = true;
    if (!left) await (putting ??= put().finally(() => (putting = undefined)));
  }

  const heartbeat = setInterval(() => void announce(), current().heartbeatMs);
  return {
    announce,
    async leave() {
      left = true;
      clearInterval(heartbeat);
      await putting;
      try {
        await deletePresence(bus, current().agent);
      } catch (error) {
        log.warn({ reason: reasonOf(error) }, "the agent's presence is not deleted; it expires");
      }
    },
  };
}
