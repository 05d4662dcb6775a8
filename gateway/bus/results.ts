import { setTimeout as pause } from "node:timers/promises";
import { ConsumerEvents, type ConsumerMessages } from "nats";
import type { Logger } from "pino";
import { RECORDER, RESULTS } from "../../schema/subjects.js";
import type { Connection } from "./connection.js";

/** A result message. It is acknowledged once its transaction has committed. */
export interface ResultDelivery {
  readonly subject: string;
  readonly data: Uint8Array;
  ack(): void;
  /** Returns it to the stream, which delivers it again after `ms`. */
  nak(ms: number): void;
  /** Ends its delivery for good, because it can never be recorded. */
  term(): void;
}

/** The most bytes of results that wait in this process. */
const RESULTS_WINDOW_BYTES = 8 * 1024 * 1024;
const CONSUMER_GONE: ReadonlySet<string> = new Set([
  ConsumerEvents.ConsumerDeleted,
  ConsumerEvents.ConsumerNotFound,
  ConsumerEvents.StreamNotFound,
  ConsumerEvents.NoResponders,
]);

/** Delivers results until stopped, across reconnections. */
export function consumeResults(
  connection: Connection,
  log: Logger,
  deliver: (delivery: ResultDelivery) => Promise<void>,
): { stop(): Promise<void> } {
  let stopped = false;
  let current: ConsumerMessages | undefined;

  async function run(): Promise<void> {
    while (!stopped) {
      try {
        if (!connection.isUp()) {
          await pause(50);
          continue;
        }
        const consumer = await connection.up().jetstream().consumers.get(RESULTS, RECORDER);
        current = await consumer.consume({ max_bytes: RESULTS_WINDOW_BYTES });
        void stopWhenGone(current);
        // stop() may have been called before there was anything to stop.
        if (stopped) current.stop();
        for await (const message of current) {
          await deliver({
            subject: message.subject,
            data: message.data,
            ack: () => message.ack(),
            nak: (ms) => message.nak(ms),
            term: () => message.term(),
          });
        }
      } catch (error) {
        log.warn({ err: error }, "cannot consume results; retrying");
        await pause(500);
      }
    }
  }

  const running = run();
  return {
    async stop() {
      stopped = true;
      current?.stop();
      await running;
    },
  };
}

async function stopWhenGone(messages: ConsumerMessages): Promise<void> {
  for await (const status of await messages.status()) {
    if (CONSUMER_GONE.has(status.type)) messages.stop();
  }
}
