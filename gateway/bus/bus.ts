import type { NatsConnection } from "nats";
import type { InternetClass } from "../../schema/classes.js";
import { LiveHints } from "../../schema/control.js";
import { encodeMessage, parseMessage } from "../../schema/messages.js";
import { LIVE_KEYS, LIVE_SCAN } from "../../schema/subjects.js";
import { openAccount, type Account } from "./account.js";
import type { GatewayConfig } from "../config.js";
import { subscribe, type ListenParts, type PresenceListener } from "./incoming.js";

export type { Account, DurableState, StreamStatus } from "./account.js";
export type { ResultDelivery } from "./results.js";

/** A hint that a scan has reached a revision. */
export type Hint = readonly [scanId: number, revision: number];

/** The gateway's side of the bus: one account for each class, and hints between gateways. */
export interface Bus {
  account(internet: InternetClass): Account;
  /** Whether both accounts are up. */
  connected(): boolean;
  /** A sentence on what the operator must fix before both accounts can be up, if that is the cause. */
  problem(): string | undefined;
  /** Streams and durables that could not be created, a sentence each. */
  missing(): string[];
  /** A sentence on why JetStream accepts no messages although NATS is connected. */
  writeProblem(): string | undefined;
  /** Tells every gateway, this one included, that scans have changed. Lossy. */
  sendHints(hints: Hint[]): void;
  /** Tells every gateway, this one included, that a key was revoked. Lossy. */
  sendKeysChanged(): void;
  close(): Promise<void>;
}

/** Called when something arrives from the bus. */
export interface BusListeners {
  hints(hints: readonly Hint[]): void;
  keysChanged(): void;
  presence(internet: InternetClass, ...change: Parameters<PresenceListener>): void;
}

const HINTS_PER_MESSAGE = 1_000;

/** Opens the bus. It connects in the background; meanwhile the gateway serves reads. */
export function openBus(config: GatewayConfig, parts: ListenParts, listeners: BusListeners): Bus {
  const subscribeHints = (nc: NatsConnection): void => {
    if (subscribed === nc) return;
    subscribed = nc;
    subscribe(nc, LIVE_SCAN, parts, (data) => listeners.hints(parseMessage(LiveHints, data).scans));
    subscribe(nc, LIVE_KEYS, parts, () => listeners.keysChanged());
  };
  let subscribed: NatsConnection | undefined;
  const open = (internet: InternetClass) =>
    openAccount(
      config,
      internet,
      parts,
      (agent, value) => listeners.presence(internet, agent, value),
      internet === "isolated" ? subscribeHints : () => {},
    );
  const accounts = { isolated: open("isolated"), internet: open("internet") };

  return {
    account: (internet) => accounts[internet],
    connected: () => accounts.isolated.connection.isUp() && accounts.internet.connection.isUp(),
    problem: () => accounts.isolated.connection.problem() ?? accounts.internet.connection.problem(),
    missing: () => [...accounts.isolated.missing(), ...accounts.internet.missing()],
    writeProblem: () => accounts.isolated.writeProblem() ?? accounts.internet.writeProblem(),
    sendHints(hints) {
      // NATS does not echo a connection's own messages, so watchers on this gateway are told directly.
      listeners.hints(hints);
      const { connection } = accounts.isolated;
      if (!connection.isUp()) return;
      for (let i = 0; i < hints.length; i += HINTS_PER_MESSAGE) {
        const scans = hints.slice(i, i + HINTS_PER_MESSAGE) as [number, number][];
        connection.up().publish(LIVE_SCAN, encodeMessage({ v: 1, scans }));
      }
    },
    sendKeysChanged() {
      listeners.keysChanged();
      const { connection } = accounts.isolated;
      if (connection.isUp()) connection.up().publish(LIVE_KEYS);
    },
    async close() {
      await Promise.all([accounts.isolated.close(), accounts.internet.close()]);
    },
  };
}
