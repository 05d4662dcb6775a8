import { ConsumerEvents, type ConsumerMessages } from "nats";
import type { Logger } from "pino";
import { RECORDER, RESULTS } from "../../schema/subjects.js";
import { pause, type Connection } from "./connection.js";

/** A result message to be acknowledged once its transaction has committed. */
export interface Delivery {
  readonly subject: string;
  readonly data: Uint8Array;
  ack(): void;
  /** Hands it back, to be delivered again after `ms`. */
  nak(ms: number): void;
  /** It can never be recorded. */
  term(): void;
}

/** At most this many bytes of results wait in this process. */
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
  deliver: (delivery: Delivery) => Promise<void>,
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
        // Whoever stopped it meanwhile had nothing to stop yet.
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
        log.warn({ err: error }, "results cannot be consumed");
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
