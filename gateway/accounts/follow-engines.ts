import type { Logger } from "pino";
import type { InternetClass } from "../../schema/classes.js";
import type { AgentAccounts } from "./accounts.js";

/** How long what was told of an agent's engines counts as known: its account may have been issued anew meanwhile. */
const KNOWN_MS = 10_000;
/** An agent that announces other engines again and again costs NATS and Postgres no more than one change in this time. */
const EACH_MS = 2_000;

/** What was told of an agent's engines last, and when. */
interface Told {
  engines: string;
  readonly at: number;
  /** What it has announced since then. */
  later: NodeJS.Timeout | undefined;
}

/** Keeps the accounts of agents to the engines that they announce. */
export interface EngineFollower {
  /** Takes the engines that an agent announces. What fails is tried again when the agent is heard the next time. */
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
      // What waits already is told then.
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
