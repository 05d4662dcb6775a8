import { setTimeout as pause } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { NatsError, type Msg, type NatsConnection, type Subscription } from "nats";
import { createAbortController } from "../../schema/abort-controller.js";
import { guard, keepOpen } from "../../schema/listening.js";
import { sendRequest } from "../../schema/nats/requests.js";
import { sendPieces, type Headers, type SendOptions } from "../../schema/nats/send.js";
import { inboxPrefix } from "../../schema/subjects.js";
import { reasonOf, Unavailable } from "../contract.js";
import { followStatus, openConnection, type BusOptions } from "./connection.js";

/** How soon new addresses of NATS are noticed. */
const SERVERS_LOOK_MS = 1_000;
/** How long a connection that was replaced is drained before it is closed: its NATS may be gone. */
const LEAVE_MS = 2_000;

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
  const { log } = options;
  const listeners = new Set<() => void>();
  const tellReconnected = () => {
    const onError = (error: unknown) => log.error({ err: error }, "What follows a new connection to NATS has failed");
    for (const listener of listeners) guard(listener, onError)();
  };
  let current = await openConnection(options);
  void followStatus(current.nc, tellReconnected, options);
  let inboxes = 0;
  const closing = createAbortController();
  const unlook = followServers();

  /** Connects to the new address before the old connection is closed. */
  function followServers(): () => void {
    let given = current.servers;
    let opening = createAbortController();
    let logged = "";
    const timer = setInterval(() => {
      const now = options.servers();
      if (isDeepStrictEqual(now, given)) return;
      given = now;
      opening.abort();
      opening = createAbortController();
      const signal = AbortSignal.any([options.signal, closing.signal, opening.signal]);
      replace(signal).catch((error: unknown) => {
        if (signal.aborted) return;
        // The user may have expired just now: the connection is tried again.
        given = current.servers;
        const reason = reasonOf(error);
        if (reason !== logged)
          log.error({ reason }, "Cannot connect to the other addresses of NATS: the connection before stays");
        logged = reason;
      });
    }, SERVERS_LOOK_MS).unref();
    return () => clearInterval(timer);
  }

  async function replace(signal: AbortSignal): Promise<void> {
    const next = await openConnection({ ...options, signal });
    if (signal.aborted) return next.nc.close();
    const before = current;
    current = next;
    log.info({ servers: next.servers }, "NATS has other addresses, which are used from now on");
    void followStatus(next.nc, tellReconnected, options);
    // Requests that NATS has already sent are still taken: otherwise they would be redelivered later, as if the agent had failed.
    tellReconnected();
    await flush(before.nc, LEAVE_MS);
    await before.nc.close();
  }

  /** Sends what is buffered, and handles everything that the server sent before it received that. */
  async function flush(nc: NatsConnection, timeoutMs: number): Promise<void> {
    if (nc.isClosed()) return;
    // The client gives up when it tries to connect again; what is buffered is lost then.
    const flushed = nc.flush().catch((error: unknown) => log.debug({ err: error }, "Could not send what was buffered"));
    await Promise.race([flushed, pause(timeoutMs, undefined, { ref: false })]);
  }

  /** The current connection. */
  async function ended(): Promise<unknown> {
    for (;;) {
      const { nc } = current;
      const reason = await nc.closed();
      if (nc === current.nc) return reason;
    }
  }

  /** Lasts until it or the connection is closed; a subscription that the server ends is made again. */
  function subscribe(subject: string, onMessage: (message: BusMessage) => void) {
    let ignored = 0;
    const onData = guard(onMessage, (error) => {
      ignored += 1;
      log.error({ err: error, subject, messages: ignored }, "Ignored a message that could not be handled");
    });
    let isLeft = false;
    let subscription: Subscription | undefined;
    const openOn = (nc: NatsConnection) =>
      new Promise<void>((resolve, reject) => {
        const callback = (error: Error | null, message: Msg) => (error ? reject(error) : onData(read(message)));
        subscription = nc.subscribe(subject, { callback });
        void subscription.closed.then(resolve, reject);
      });
    const open = async () => {
      for (let nc: NatsConnection | undefined; !isLeft && nc !== current.nc;) await openOn((nc = current.nc));
    };
    void keepOpen({
      open,
      isWanted: () => !isLeft && !current.nc.isClosed(),
      onEnd: (error) => log.error({ err: error, subject }, "A subscription has ended; subscribing again"),
    });
    return async () => {
      isLeft = true;
      if (!current.nc.isClosed()) await subscription?.drain();
    };
  }

  return {
    publish(subject, data, how = {}) {
      const { nc } = current;
      if (!nc.isClosed()) sendPieces(nc, subject, [Buffer.from(data)], how);
    },
    async request(subject, data, timeoutMs, headers) {
      try {
        return read(await sendRequest(current.nc, subject, [Buffer.from(data)], { timeoutMs, headers }));
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
    flush: (timeoutMs) => flush(current.nc, timeoutMs),
    close() {
      unlook();
      closing.abort();
      return current.nc.close();
    },
    closed: ended(),
  };
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
