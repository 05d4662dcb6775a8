import { setTimeout as pause } from "node:timers/promises";
import { ErrorCode, Events, NatsError, type Msg, type NatsConnection, type Subscription } from "nats";
import type { Logger } from "pino";
import type { InternetClass } from "../../schema/classes.js";
import { guard, keepOpen } from "../../schema/listening.js";
import { connectNats } from "../../schema/nats/connect.js";
import { natsTls } from "../../schema/nats/tls.js";
import { sendRequest } from "../../schema/nats/requests.js";
import { sendPieces, type Headers, type SendOptions } from "../../schema/nats/send.js";
import { inboxPrefix } from "../../schema/subjects.js";
import { reasonOf, Unavailable } from "../contract.js";
import { authenticateByFile, checkCredentials } from "./credentials.js";
import { explainConnection } from "./explain-connection.js";

const RETRY_MS = 500;
const PING_MS = 5_000;
/** How long a connection is away before that is told, and the longest time until it is told again. */
const AWAY_MS = { first: 2_000, max: 60_000 };

/** How to reach the bus. */
export interface BusOptions {
  readonly servers: readonly string[];
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

/** A message as it arrived. */
export interface BusMessage {
  readonly subject: string;
  readonly reply: string | undefined;
  readonly data: Uint8Array;
  /** The status of a message that the server itself sends: 404, 408 …; undefined for others. */
  readonly status: number | undefined;
  readonly description: string;
  header(name: string): string | undefined;
}

/** A connection to the agent's account. The client reconnects whenever it is lost. */
export interface Bus {
  publish(subject: string, data: string | Uint8Array, options?: SendOptions): void;
  /** Sends a request and waits for the answer. Throws {@link BusAway}. */
  request(subject: string, data: string | Uint8Array, timeoutMs: number, headers?: Headers): Promise<BusMessage>;
  /** Opens a private inbox, which receives `<subject>.*`. */
  inbox(onMessage: (message: BusMessage) => void): { readonly subject: string; close(): Promise<void> };
  /** Receives every message on a subject. */
  listen(subject: string, onMessage: (message: BusMessage) => void): void;
  /** Calls back after each reconnect; the result unsubscribes. */
  onReconnect(listener: () => void): () => void;
  /** Sends what is buffered, if the server can be reached in time. */
  flush(timeoutMs: number): Promise<void>;
  close(): Promise<void>;
  /** Resolves when the connection has ended for good, with the error if {@link close} was not called. */
  readonly closed: Promise<unknown>;
}

/** The bus cannot be reached, or cannot serve a request now. */
export class BusAway extends Unavailable {
  override readonly name = "BusAway";
}

/** Connects; retries until the server answers. Throws {@link OperatorError} where waiting does not help. */
export async function connectBus(options: BusOptions): Promise<Bus> {
  const nc = await firstConnection(options);
  const listeners = new Set<() => void>();
  void followStatus(nc, listeners, options);
  let inboxes = 0;

  /** Lasts until it is closed or the connection is, whatever arrives: it is made again if the server ends it. */
  function subscribe(subject: string, onMessage: (message: BusMessage) => void) {
    let ignored = 0;
    const onData = guard(onMessage, (error) => {
      ignored += 1;
      options.log.error({ err: error, subject, messages: ignored }, "Ignored a message that could not be handled");
    });
    let closing = false;
    let current: Subscription | undefined;
    const open = () =>
      new Promise<void>((resolve, reject) => {
        const callback = (error: Error | null, message: Msg) => (error ? reject(error) : onData(read(message)));
        current = nc.subscribe(subject, { callback });
        void current.closed.then(resolve, reject);
      });
    void keepOpen({
      open,
      isWanted: () => !closing && !nc.isClosed(),
      onEnd: (error) => options.log.error({ err: error, subject }, "A subscription has ended; subscribing again"),
    });
    return async () => {
      closing = true;
      if (!nc.isClosed()) await current?.drain();
    };
  }

  return {
    publish(subject, data, how = {}) {
      if (!nc.isClosed()) sendPieces(nc, subject, [Buffer.from(data)], how);
    },
    async request(subject, data, timeoutMs, headers) {
      try {
        return read(await sendRequest(nc, subject, [Buffer.from(data)], { timeoutMs, headers }));
      } catch (error) {
        throw new BusAway(`NATS does not answer (${describe(error)})`, { cause: error });
      }
    },
    inbox(onMessage) {
      const subject = `${inboxPrefix(options.agent)}.${process.pid}-${options.purpose}-${++inboxes}`;
      return { subject, close: subscribe(`${subject}.*`, onMessage) };
    },
    listen: (subject, onMessage) => void subscribe(subject, onMessage),
    onReconnect(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    flush: async (timeoutMs) => {
      if (nc.isClosed()) return;
      // The client gives up when it tries to connect again; what is buffered is lost then.
      const flushed = nc.flush().catch((error: unknown) => options.log.debug({ err: error }, "Could not send what was buffered"));
      await Promise.race([flushed, pause(timeoutMs, undefined, { ref: false })]);
    },
    close: () => nc.close(),
    closed: nc.closed(),
  };
}

async function firstConnection(options: BusOptions): Promise<NatsConnection> {
  const { servers, authority = () => undefined, credsFile, internet, agent, purpose, log, signal } = options;
  const tls = natsTls(servers, authority);
  if (credsFile !== undefined) checkCredentials(credsFile, internet);
  for (let logged = ""; ;) {
    try {
      const connectionOptions = {
        servers: [...servers],
        ...tls,
        name: `agent ${agent} ${purpose}`,
        inboxPrefix: inboxPrefix(agent),
        maxReconnectAttempts: -1,
        reconnectTimeWait: RETRY_MS,
        reconnectJitter: RETRY_MS,
        pingInterval: PING_MS,
        maxPingOut: 2,
        ignoreAuthErrorAbort: true,
        ...(credsFile === undefined ? {} : { authenticator: authenticateByFile(credsFile) }),
      };
      const nc = await connectNats(connectionOptions, log);
      log.info({ purpose }, `Connected to NATS at ${nc.getServer()}`);
      return nc;
    } catch (error) {
      const reason = explainConnection(error, options);
      if (reason !== logged) log.warn({ servers, reason }, `Cannot reach NATS (${reason}); retrying`);
      logged = reason;
    }
    await pause(2 * RETRY_MS, undefined, { signal });
  }
}

async function followStatus(
  nc: NatsConnection,
  listeners: ReadonlySet<() => void>,
  { log, onAway }: Pick<BusOptions, "log" | "onAway">,
): Promise<void> {
  let away: NodeJS.Timeout | undefined;
  const tellAway = (ms: number) => {
    away = setTimeout(() => {
      onAway?.();
      tellAway(Math.min(ms * 2, AWAY_MS.max));
    }, ms).unref();
  };
  void nc.closed().then(() => clearTimeout(away));
  for await (const status of nc.status()) {
    if ([Events.Disconnect, Events.Reconnect].includes(status.type as Events)) clearTimeout(away);
    if (status.type === Events.Disconnect) tellAway(AWAY_MS.first);
    if (status.type === Events.Disconnect) log.warn("Lost the connection to NATS; reconnecting");
    else if (status.type === Events.Error && status.data === ErrorCode.AuthenticationExpired)
      log.info("The time for which NATS lets this agent in is over; reconnecting with what was renewed");
    else if (status.type === Events.Error) log.error({ error: status.data }, "NATS reported an error");
    else if (status.type === Events.Reconnect) {
      log.info("Reconnected to NATS");
      const onError = (error: unknown) => log.error({ err: error }, "What follows a new connection to NATS has failed");
      for (const listener of listeners) guard(listener, onError)();
    }
  }
}

function read(message: Msg): BusMessage {
  // What the server itself says has no payload; in everything else the headers are only read when they are asked for.
  const said = message.data.length === 0 ? message.headers : undefined;
  return {
    subject: message.subject,
    reply: message.reply || undefined,
    data: message.data,
    // A message with headers of its own has the code 0.
    status: said?.code || undefined,
    description: said?.description ?? "",
    header: (name) => message.headers?.get(name) || undefined,
  };
}

function describe(error: unknown): string {
  return error instanceof NatsError ? error.code : reasonOf(error);
}
