import { setTimeout as pause } from "node:timers/promises";
import { createInbox, type Msg, type NatsConnection } from "nats";
import type { Logger } from "pino";
import { GATEWAY_INBOX_PREFIX, RESULTS_PULL } from "../../schema/subjects.js";

/** A result message. It is acknowledged once its transaction has committed. */
export interface ResultDelivery {
  readonly subject: string;
  readonly data: Uint8Array;
  ack(): void;
  /** Returns it to the stream, which delivers it again after `ms`. */
  nak(ms: number): void;
  /** Ends the delivery for good, because it can never be recorded. */
  term(): void;
}

/** Pulls results from the durable that all gateways share. */
export interface ResultPull {
  /** Pulls over this connection. To be called when the connection is new, or when its durable was lost and recreated. */
  open(nc: NatsConnection): void;
  /** Stops pulling. Resolves when the last delivery has been handled. */
  stop(): Promise<void>;
}

/** Limits of one pull. The bytes leave room for several messages of the largest size: a smaller pull might never be served. */
const BATCH = { messages: 500, bytes: 8 * 1024 * 1024 };
const EXPIRES_MS = 5_000;
/** The server never answers a pull if the durable does not exist, so the first pull is repeated soon. */
const FIRST_EXPIRES_MS = 500;
/** How long after its expiry an unanswered pull counts as lost. */
const GRACE_MS = 1_000;
const REFUSED_PAUSE_MS = 500;
/** How long stopping waits for messages that the server has already sent. */
const DRAIN_MS = 1_000;
const HEARTBEAT = 100;
const EXPIRED = 408;

/**
 * Delivers results one by one until stopped. One pull is open at a time, and the next replaces it entirely. The client's own `consume`
 * splits its window into ever smaller pulls until one is smaller than a message, and then waits forever.
 */
export function pullResults(log: Logger, deliver: (delivery: ResultDelivery) => Promise<void>): ResultPull {
  let stopped = false;
  let current: { readonly nc: NatsConnection; ask(): void; close(): Promise<void> } | undefined;

  function start(nc: NatsConnection) {
    const inbox = createInbox(GATEWAY_INBOX_PREFIX);
    const messages = nc.subscribe(`${inbox}.*`);
    let pulls = 0;
    let missing = 0;
    /** Whether the last pull was answered. */
    let isServed = false;
    let isDelivering = false;
    let clock: NodeJS.Timeout | undefined;

    function ask(): void {
      clearTimeout(clock);
      if (stopped || messages.isClosed()) return;
      missing = BATCH.messages;
      const expiresMs = isServed ? EXPIRES_MS : FIRST_EXPIRES_MS;
      const pull = { batch: BATCH.messages, max_bytes: BATCH.bytes, expires: expiresMs * 1_000_000 };
      nc.publish(RESULTS_PULL, JSON.stringify(pull), { reply: `${inbox}.${++pulls}` });
      clock = setTimeout(onSilence, expiresMs + GRACE_MS);
    }

    /** The server did not report the end of the pull, but it has expired. Messages it has brought are handled first. */
    function onSilence(): void {
      isServed = false;
      if (isDelivering || messages.getPending() > 0) clock = setTimeout(onSilence, GRACE_MS);
      else ask();
    }

    /** The end of a pull. Statuses of earlier pulls are ignored. */
    async function onStatus({ subject, headers }: Msg): Promise<void> {
      const code = headers?.code;
      if (code === HEARTBEAT || subject !== `${inbox}.${pulls}`) return;
      if (code === EXPIRED || headers?.has("Nats-Pending-Messages")) isServed = true;
      else {
        if (isServed)
          log.warn({ status: code, reason: headers?.description }, "NATS does not serve results; asking again until it does");
        isServed = false;
        await pause(REFUSED_PAUSE_MS);
      }
      ask();
    }

    async function handle(message: Msg): Promise<void> {
      isServed = true;
      isDelivering = true;
      try {
        await deliver(deliveryOf(message));
      } catch (error) {
        log.error({ err: error, subject: message.subject }, "cannot handle a result; it is delivered again");
      }
      isDelivering = false;
      if (--missing <= 0) ask();
    }

    async function run(): Promise<void> {
      ask();
      for await (const message of messages) await (message.subject.startsWith(inbox) ? onStatus(message) : handle(message));
      clearTimeout(clock);
    }

    const running = run().catch((error: unknown) => log.error({ err: error }, "pulling results has ended"));
    return {
      nc,
      ask,
      async close() {
        // If the connection is closed, there is nothing to drain.
        if (!nc.isClosed() && !messages.isClosed())
          await Promise.race([messages.drain(), pause(DRAIN_MS, undefined, { ref: false })]);
        messages.unsubscribe();
        await running;
      },
    };
  }

  return {
    open(nc) {
      if (stopped) return;
      if (current?.nc === nc) return current.ask();
      // The previous connection is closed, and its subscription with it.
      current = start(nc);
    },
    async stop() {
      stopped = true;
      await current?.close();
    },
  };
}

function deliveryOf(message: Msg): ResultDelivery {
  const respond = (text: string) => void message.respond(Buffer.from(text));
  return {
    subject: message.subject,
    data: message.data,
    ack: () => respond("+ACK"),
    nak: (ms) => respond(`-NAK ${JSON.stringify({ delay: ms * 1_000_000 })}`),
    term: () => respond("+TERM"),
  };
}
