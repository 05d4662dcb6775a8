import type { Logger } from "pino";
import type { InternetClass } from "../../schema/classes.js";
import type { AgentAccounts } from "./accounts.js";

/** How long what was told of an agent's engines counts as known: its account may have been issued anew meanwhile. */
const KNOWN_MS = 10_000;

/** Keeps the accounts of agents to the engines that they announce. What fails is tried again when the agent is heard the next time. */
export function followEngines(
  accounts: Pick<AgentAccounts, "setEngines">,
  log: Logger,
): (agent: string, internet: InternetClass, engines: readonly string[]) => void {
  const known = new Map<string, { readonly engines: string; readonly at: number }>();

  return (agent, internet, engines) => {
    const key = `${internet} ${agent}`;
    const [now, text] = [performance.now(), engines.join(" ")];
    const before = known.get(key);
    if (before?.engines === text && now - before.at < KNOWN_MS) return;
    for (const [other, { at }] of known) if (now - at >= KNOWN_MS) known.delete(other);
    known.set(key, { engines: text, at: now });
    accounts.setEngines(agent, internet, engines).catch((error: unknown) => {
      known.delete(key);
      log.warn({ err: error, agent }, "cannot let an agent take the work of its engines; trying again");
    });
  };
}
