import type { Logger } from "pino";
import type { InternetClass } from "../../schema/classes.js";
import { engineToken } from "../../schema/subjects.js";
import { deleteAgent, recordAgents, type HeardNow } from "../db/agents.js";
import { isDataError, transact, type Database, type Tx } from "../db/database.js";
import { recordHosts, removeHost, type EngineHost } from "../db/engine-hosts.js";
import type { PresentAgent } from "./presence.js";
import { createSetups } from "./setups.js";

/** How often an agent's presence is recorded, with its engines. */
export const REPEAT_MS = 60_000;

/** Records in Postgres which agents have which engines and how they run them, and removes engines that no agent has any more. */
export interface Hosts {
  /** Takes the current presence of all agents. */
  record(present: readonly PresentAgent[]): Promise<void>;
  /** Notes that an agent of the class has announced that it will not return. */
  leave(internet: InternetClass, agent: string): void;
}

/** An agent with news, and its engines. */
interface Change {
  readonly heard: PresentAgent;
  readonly hosts: EngineHost;
  /** Both as text, for comparison. */
  readonly said: string;
}

/** What was last recorded of an agent, and when. */
interface Recorded {
  readonly said: string;
  readonly at: number;
}

export function createHosts(db: Database, log: Logger): Hosts {
  const recordSetups = createSetups(db);
  const recorded = new Map<string, Recorded>();
  const leaving = new Map<string, { readonly internet: InternetClass; readonly agent: string }>();

  function tell(engines: readonly string[]): void {
    if (engines.length > 0) log.info({ engines }, "no agent has these engines any more; scans do not wait for them");
  }

  /** If Postgres refuses something of one agent, the others are still recorded. */
  async function write(changed: readonly Change[]): Promise<void> {
    try {
      tell(
        await transact(db, async (tx) => {
          await recordAgents(
            tx,
            changed.map(({ heard }) => heardNow(heard)),
          );
          return recordHosts(
            tx,
            changed.map(({ hosts }) => hosts),
          );
        }),
      );
    } catch (error) {
      if (!isDataError(error)) throw error;
      if (changed.length > 1) {
        for (const one of changed) await write([one]);
        return;
      }
      log.warn({ err: error, agent: changed[0]?.hosts.agent }, "Postgres refuses what an agent says of itself");
    }
  }

  return {
    async record(present) {
      for (const [key, { internet, agent }] of leaving) {
        tell((await transact(db, (tx) => removeAgentOf(tx, agent, internet))) ?? []);
        // If it returns after all, its engines are recorded again.
        recorded.delete(key);
        leaving.delete(key);
      }
      await recordSetups(present);
      const now = performance.now();
      const keys = new Set(present.map(({ agent, class: internet }) => keyOf(internet, agent)));
      for (const key of recorded.keys()) if (!keys.has(key)) recorded.delete(key);
      const changed = present.flatMap((heard): Change[] => {
        const { agent, class: internet, engines, incomplete, sealing, settings } = heard;
        const tokens = engines.map(({ name }) => engineToken(name)).toSorted();
        const hosts = { agent, internet, engines: tokens, incomplete, settings: settings?.revision };
        const said = JSON.stringify([hosts, sealing]);
        const before = recorded.get(keyOf(internet, agent));
        return before?.said === said && now - before.at < REPEAT_MS ? [] : [{ heard, hosts, said }];
      });
      if (changed.length === 0) return;
      await write(changed);
      for (const { hosts, said } of changed) recorded.set(keyOf(hosts.internet, hosts.agent), { said, at: now });
    },
    leave(internet, agent) {
      leaving.set(keyOf(internet, agent), { internet, agent });
    },
  };
}

async function removeAgentOf(tx: Tx, agent: string, internet: InternetClass): Promise<string[] | undefined> {
  await deleteAgent(tx, agent, internet);
  return removeHost(tx, agent, internet);
}

function heardNow({ lastHeardAt, agent, host, version, startedAt, engines, ...presence }: PresentAgent): HeardNow {
  return {
    agent,
    class: presence.class,
    host,
    version,
    startedAt,
    engines: engines.map(({ name }) => name),
    agoMs: Date.now() - lastHeardAt.getTime(),
    sealing: presence.sealing ?? null,
  };
}

/** Agents of both classes may have the same id. */
function keyOf(internet: InternetClass, agent: string): string {
  return `${internet} ${agent}`;
}
