import type { NatsConnection } from "nats";
import type { Logger } from "pino";
import { guard, keepOpen } from "../../schema/listening.js";
import { AGENTS } from "../../schema/subjects.js";
import type { Metrics } from "../metrics.js";

/** A change of an agent's presence: its value, or undefined when its key was deleted. */
export type PresenceListener = (agent: string, value: Uint8Array | undefined) => void;

/** Where problems with incoming messages are logged and counted. */
export interface ListenParts {
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** A sender of unreadable messages may send many: all are counted, but at most one a second is logged. */
const LOG_MS = 1_000;

/** Handles incoming messages. Those that cannot be handled are ignored, counted, and logged with their number. */
export function ignoring<A extends readonly unknown[]>(
  { log, metrics }: ListenParts,
  subject: string,
  handle: (...args: A) => void,
): (...args: A) => void {
  let ignored = 0;
  let loggedAt = -Infinity;
  return guard(handle, (error) => {
    metrics.messagesIgnored.labels(subject).inc();
    ignored += 1;
    if (performance.now() - loggedAt < LOG_MS) return;
    log.warn({ err: error, subject, messages: ignored }, "ignored what cannot be handled");
    [ignored, loggedAt] = [0, performance.now()];
  });
}

/** Subscribes for the life of the connection. Bad messages do not end the subscription, and if it ends it is opened again. */
export function subscribe(nc: NatsConnection, subject: string, parts: ListenParts, handle: (data: Uint8Array) => void): void {
  const onData = ignoring(parts, subject, handle);
  void keepOpen({
    open: () =>
      new Promise<void>((resolve, reject) => {
        const callback = (error: Error | null, message: { data: Uint8Array }) => (error ? reject(error) : onData(message.data));
        void nc.subscribe(subject, { callback }).closed.then(resolve, reject);
      }),
    isWanted: () => !nc.isClosed(),
    onEnd: (error) => parts.log.error({ err: error, subject }, "a subscription has ended; subscribing again"),
  });
}

/**
 * Watches the presence of agents until `stop`. If a watch ends, for example because its bucket was deleted, a new one begins. Every watch
 * begins with all current entries.
 */
export function watchPresence(
  nc: NatsConnection,
  parts: ListenParts,
  listen: PresenceListener,
): { restart(): void; stop(): void } {
  const onEntry = ignoring(parts, AGENTS, listen);
  let isWanted = true;
  /** How often it was to begin anew. */
  let restarts = 0;
  let stopEntries = () => {};

  async function read(): Promise<void> {
    const before = restarts;
    const bucket = await nc.jetstream().views.kv(AGENTS, { bindOnly: true });
    const entries = await bucket.watch();
    stopEntries = () => entries.stop();
    // It may be of the bucket before.
    if (!isWanted || restarts !== before) return stopEntries();
    for await (const { key, operation, value } of entries) onEntry(key, operation === "PUT" ? value : undefined);
  }

  void keepOpen({
    open: read,
    isWanted: () => isWanted && !nc.isClosed(),
    onEnd: (error) => parts.log.warn({ err: error }, "the watch of agents' presence has ended; watching again"),
  });
  return {
    restart() {
      restarts += 1;
      stopEntries();
    },
    stop() {
      isWanted = false;
      stopEntries();
    },
  };
}
