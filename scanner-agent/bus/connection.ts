/** How the agent connects to NATS, and what it is told of the connection. */

import { setTimeout as pause } from "node:timers/promises";
import { ErrorCode, Events, type NatsConnection } from "nats";
import type { Logger } from "pino";
import type { InternetClass } from "../../schema/classes.js";
import { connectNats } from "../../schema/nats/connect.js";
import { natsTls } from "../../schema/nats/tls.js";
import { inboxPrefix } from "../../schema/subjects.js";
import { authenticateByFile, checkCredentials } from "./credentials.js";
import { explainConnection } from "./explain-connection.js";

const RETRY_MS = 500;
const PING_MS = 5_000;
/** How long a connection is down before it is reported, and the longest time between two reports. */
const AWAY_MS = { first: 2_000, max: 60_000 };

/** How to reach the bus. */
export interface BusOptions {
  /** Where NATS is as of now: where that changes, the bus connects there anew. */
  readonly servers: () => readonly string[];
  /** The authorities of the server's certificate as they are now; undefined: those that Node knows. */
  readonly authority?: () => string | undefined;
  readonly credsFile: string | undefined;
  readonly internet: InternetClass;
  readonly agent: string;
  /** Names the connection in the server's monitoring. */
  readonly purpose: string;
  readonly log: Logger;
  /** Told now and then while the connection is away for longer than a moment. */
  readonly onAway?: () => void;
  /** Ends the wait for the first connection. */
  readonly signal: AbortSignal;
}

/** A connection, and the addresses that it was made with. */
export interface Connection {
  readonly nc: NatsConnection;
  readonly servers: readonly string[];
}

/** Connects; retries until a server answers. Throws {@link OperatorError} where waiting does not help. */
export async function openConnection(options: BusOptions): Promise<Connection> {
  const { authority = () => undefined, credsFile, internet, agent, purpose, log, signal, onAway } = options;
  if (credsFile !== undefined) checkCredentials(credsFile, internet);
  const away = tellAway(onAway);
  try {
    for (let logged = ""; ;) {
      const servers = options.servers();
      try {
        const nc = await connectNats(
          {
            servers: [...servers],
            ...natsTls(servers, authority),
            name: `agent ${agent} ${purpose}`,
            inboxPrefix: inboxPrefix(agent),
            maxReconnectAttempts: -1,
            reconnectTimeWait: RETRY_MS,
            reconnectJitter: RETRY_MS,
            pingInterval: PING_MS,
            maxPingOut: 2,
            ignoreAuthErrorAbort: true,
            ...(credsFile === undefined ? {} : { authenticator: authenticateByFile(credsFile) }),
          },
          log,
        );
        log.info({ purpose }, `Connected to NATS at ${nc.getServer()}`);
        return { nc, servers };
      } catch (error) {
        const reason = explainConnection(error, { servers, credsFile });
        if (reason !== logged) log.warn({ servers, reason }, `Cannot reach NATS (${reason}); retrying`);
        logged = reason;
      }
      await pause(2 * RETRY_MS, undefined, { signal });
    }
  } finally {
    away.stop();
  }
}

/** Calls back after a moment, then with growing pauses, until stopped. */
function tellAway(onAway: (() => void) | undefined): { stop(): void } {
  let timer: NodeJS.Timeout | undefined;
  const wait = (ms: number) => {
    timer = setTimeout(() => {
      onAway?.();
      wait(Math.min(ms * 2, AWAY_MS.max));
    }, ms).unref();
  };
  wait(AWAY_MS.first);
  return { stop: () => clearTimeout(timer) };
}

/** Logs what becomes of a connection, and tells of each reconnection. */
export async function followStatus(
  nc: NatsConnection,
  onReconnect: () => void,
  { log, onAway }: Pick<BusOptions, "log" | "onAway">,
): Promise<void> {
  let away: { stop(): void } | undefined;
  void nc.closed().then(() => away?.stop());
  for await (const status of nc.status()) {
    if ([Events.Disconnect, Events.Reconnect].includes(status.type as Events)) away?.stop();
    if (status.type === Events.Disconnect) {
      away = tellAway(onAway);
      log.warn("Lost the connection to NATS; reconnecting");
    } else if (status.type === Events.Error && status.data === ErrorCode.AuthenticationExpired)
      log.info("The time for which NATS lets this agent in is over; reconnecting with what was renewed");
    else if (status.type === Events.Error) log.error({ error: status.data }, "NATS reported an error");
    else if (status.type === Events.Reconnect) {
      log.info("Reconnected to NATS");
      onReconnect();
    }
  }
}
