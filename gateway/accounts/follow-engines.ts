import type { Logger } from "pino";
import type { InternetClass } from "../../schema/classes.js";
import type { AgentAccounts } from "./accounts.js";

/** How long the last update of an agent's engines counts as current: its account may be issued again meanwhile. */
const KNOWN_MS = 10_000;
/** The shortest time between two updates for one agent, so that one that keeps changing its engines costs NATS and Postgres little. */
const EACH_MS = 2_000;

/** The last update of an agent's engines, and when it was sent. */
interface Told {
  engines: string;
  readonly at: number;
  /** The timer for engines announced since then. */
  later: NodeJS.Timeout | undefined;
}

/** Keeps agents' accounts in line with the engines that they announce. */
export interface EngineFollower {
  /** Takes an agent's announced engines. A failed update is retried when the agent is heard next. */
  hear(agent: string, internet: InternetClass, engines: readonly string[]): void;
  stop(): void;
}

export function followEngines(accounts: Pick<AgentAccounts, "setEngines">, log: Logger, eachMs = EACH_MS): EngineFollower {
  const known = new Map<string, Told>();

  function tell(key: string, agent: string, internet: InternetClass, engines: readonly string[]): void {
    const now = performance.now();
    for (const [other, { at, later }] of known) if (now - at >= KNOWN_MS && later === undefined) known.delete(other);
    const told: Told = { engines: engines.join(" "), at: now, later: undefined };
    known.set(key, told);
    accounts.setEngines(agent, internet, engines).catch((error: unknown) => {
      // If an update is scheduled, it will repeat this one.
      if (known.get(key) === told && told.later === undefined) known.delete(key);
      log.warn({ err: error, agent }, "cannot let an agent take the work of its engines; trying again");
    });
  }

  return {
    hear(agent, internet, engines) {
      const key = `${internet} ${agent}`;
      const before = known.get(key);
      const agoMs = performance.now() - (before?.at ?? -Infinity);
      if (before?.engines === engines.join(" ") && agoMs < KNOWN_MS) return;
      if (before === undefined || agoMs >= eachMs) {
        clearTimeout(before?.later);
        return tell(key, agent, internet, engines);
      }
      clearTimeout(before.later);
      before.engines = engines.join(" ");
      before.later = setTimeout(() => tell(key, agent, internet, engines), eachMs - agoMs);
      before.later.unref();
    },
    stop() {
      for (const { later } of known.values()) clearTimeout(later);
      known.clear();
    },
  };
}
