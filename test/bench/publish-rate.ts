/** How many messages a second JetStream itself takes from Node, each stored on disk and acknowledged. */

import { readFile } from "node:fs/promises";
import { connect, credsAuthenticator, RetentionPolicy, StorageType } from "nats";
import type { Advance } from "./progress.js";

export const MESSAGE_BYTES = 512;
export const IN_FLIGHT = 64;
const STREAM = "BENCH";
const SUBJECT = "bench.message";

export interface PublishRate {
  /** Messages a second over so many messages. */
  measure(messages: number, advance: Advance): Promise<number>;
  stop(): Promise<void>;
}

export async function openPublishRate(
  servers: string,
  credsFile: string,
  { bytes, inFlight } = { bytes: MESSAGE_BYTES, inFlight: IN_FLIGHT },
): Promise<PublishRate> {
  const nc = await connect({ servers, authenticator: credsAuthenticator(await readFile(credsFile)), noAsyncTraces: true });
  const manager = await nc.jetstreamManager();
  await manager.streams.add({ name: STREAM, subjects: [SUBJECT], storage: StorageType.File, retention: RetentionPolicy.Limits });
  const js = nc.jetstream();
  const payload = Buffer.alloc(bytes, "x");

  return {
    async measure(messages, advance) {
      const begun = performance.now();
      let next = 0;
      const publish = async () => {
        while (next < messages) {
          next += 1;
          await js.publish(SUBJECT, payload);
          if (next % 100 === 0) advance(next, messages);
        }
      };
      await Promise.all(Array.from({ length: inFlight }, publish));
      const rate = messages / ((performance.now() - begun) / 1_000);
      await manager.streams.purge(STREAM);
      return rate;
    },
    async stop() {
      await manager.streams.delete(STREAM);
      await nc.close();
    },
  };
}
