import { encodeAnswers, MAX_ANSWERS } from "../../schema/answer-batch.js";
import { MAX_RESULT_BYTES, type AgentAnswer } from "../../schema/messages.js";
import { resultSubject } from "../../schema/subjects.js";
import type { Bus } from "./bus.js";
import { storeMessage } from "./verbs.js";

/** What a batch has around each of its answers, and a little more. */
const ROOM_BYTES = 32;

/** An answer on its way. */
interface Waiting {
  readonly json: string;
  readonly bytes: number;
  readonly isBatched: boolean;
  resolve(): void;
  reject(error: unknown): void;
}

/** Publishes what engines answer. Those of an engine that are ready together leave in one message. */
export interface Answers {
  /**
   * Resolves when the bus has stored it. `version` is the newest of such messages that the request's gateway reads. Throws
   * {@link BusAway}.
   */
  publish(engine: string, answer: AgentAnswer, version?: number): Promise<void>;
}

/** `onStored` is called with the number of answers in each stored message, before their senders resolve. */
export function createAnswers(bus: Bus, onStored: (answers: number) => void = () => undefined): Answers {
  const waiting = new Map<string, Waiting[]>();

  function flush(): void {
    const due = [...waiting];
    waiting.clear();
    for (const [engine, answers] of due) for (const batch of batchesOf(answers)) void send(engine, batch);
  }

  async function send(engine: string, batch: readonly Waiting[]): Promise<void> {
    try {
      await storeMessage(bus, resultSubject(engine), encodeAnswers(batch.map(({ json }) => json)));
      onStored(batch.length);
      for (const { resolve } of batch) resolve();
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  return {
    publish(engine, answer, version = 1) {
      const json = JSON.stringify(answer);
      return new Promise((resolve, reject) => {
        if (waiting.size === 0) setImmediate(flush);
        const ready = waiting.get(engine) ?? [];
        ready.push({ json, bytes: Buffer.byteLength(json), isBatched: version >= 2, resolve, reject });
        waiting.set(engine, ready);
      });
    },
  };
}

/** In their order, as many in each message as fit. */
function batchesOf(answers: readonly Waiting[]): readonly (readonly Waiting[])[] {
  const batches: Waiting[][] = [];
  let last: Waiting[] = [];
  let room = 0;
  for (const one of answers) {
    room -= one.bytes + ROOM_BYTES;
    if (one.isBatched && last[0]?.isBatched === true && room >= 0 && last.length < MAX_ANSWERS) last.push(one);
    else {
      last = [one];
      batches.push(last);
      room = MAX_RESULT_BYTES - 2 * ROOM_BYTES - one.bytes;
    }
  }
  return batches;
}
