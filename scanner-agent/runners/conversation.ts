/** Shared by runners that pass samples to a daemon which scans several at once and cannot be told to stop one of them. */

import { setTimeout as pause } from "node:timers/promises";
import { Cancelled, Failed, TimedOut, Unavailable, type RawOutput, type RunOptions } from "../contract.js";
import { awaitEnd, within } from "../within.js";

/** One question to a daemon. */
export interface Conversation {
  /** The whole reply. Rejects with {@link NotListening}, {@link HungUp}, {@link Failed} or {@link Unavailable}. */
  readonly reply: Promise<string>;
  /** Once there is a reply: whether it came before the whole sample was sent. */
  isEarly?(): boolean;
  hangUp(): void;
}

/** The daemon refused the connection, so it has not seen the sample. */
export class NotListening extends Unavailable {}

/** The daemon took the connection and closed it without a reply: it ended, or was ended. */
export class HungUp extends Unavailable {}

/** A daemon that is being waited for. */
export interface StartingDaemon {
  /** Resolves with its last words when it has ended. */
  readonly ended: Promise<string>;
  isAnswering(): Promise<boolean>;
}

/** How a daemon is waited for. */
export interface StartOptions {
  /** Completes "… does not start" in errors. */
  readonly name: string;
  readonly timeoutMs: number;
  readonly pollMs: number;
  /** What it printed last, for the error if it does not answer in time. */
  readonly lastWords?: () => string;
}

/** Waits until a daemon answers. Throws {@link Unavailable} if it ends before, or does not answer in time. */
export async function untilAnswering(
  daemon: StartingDaemon,
  { name, timeoutMs, pollMs, lastWords }: StartOptions,
): Promise<void> {
  let words: string | undefined;
  void daemon.ended.then((said) => (words = said));
  for (const deadline = Date.now() + timeoutMs; Date.now() < deadline; await pause(pollMs)) {
    if (words !== undefined) throw new Unavailable(`${name} does not start: ${words}`);
    if (await daemon.isAnswering()) return;
  }
  const last = lastWords === undefined ? "" : `; it said last: ${lastWords() || "nothing"}`;
  throw new Unavailable(`${name} does not answer ${timeoutMs / 1000} s after its start${last}`);
}

/**
 * Waits for the reply to a sample and hangs up. The daemon goes on with a sample that nobody wants any more and occupies one of its slots
 * until it is done, so a cancelled sample is waited for too. If its time is over, `onTimeout` is called instead of hanging up.
 */
export async function awaitReply(
  conversation: Conversation,
  { timeoutMs, signal }: Pick<RunOptions, "timeoutMs" | "signal">,
  onTimeout: (error: TimedOut) => Promise<void> | void,
): Promise<RawOutput> {
  const end = performance.now() + timeoutMs;
  try {
    const stdout = await within(timeoutMs, conversation.reply, signal);
    const isEarly = conversation.isEarly?.() ?? false;
    conversation.hangUp();
    return { exitCode: 0, stdout, stderr: "", ...(isEarly && { isEarly }) };
  } catch (error) {
    const last = error instanceof Cancelled ? await awaitEnd(end - performance.now(), conversation.reply) : error;
    if (last instanceof TimedOut) await onTimeout(last);
    else conversation.hangUp();
    throw error;
  }
}

/** The samples that a daemon has now. */
export interface Occupancy {
  count(): number;
  /**
   * Scans one more sample. If the daemon ends unasked, the sample is blamed with {@link Failed}, provided that the daemon had no other
   * sample meanwhile: if it had several, none is blamed.
   */
  scan(run: () => Promise<RawOutput>, endedUnasked: () => boolean | Promise<boolean>): Promise<RawOutput>;
}

/** No samples yet; `name` completes "… ended while it scanned the sample". */
export function createOccupancy(name: string): Occupancy {
  const samples = new Set<{ hadCompany: boolean }>();
  return {
    count: () => samples.size,
    async scan(run, endedUnasked) {
      const mine = { hadCompany: samples.size > 0 };
      for (const other of samples) other.hadCompany = true;
      samples.add(mine);
      try {
        return await run();
      } catch (error) {
        if (error instanceof HungUp && (await endedUnasked()) && !mine.hadCompany)
          throw new Failed(`${name} ended while it scanned the sample`, { cause: error });
        throw error;
      } finally {
        samples.delete(mine);
      }
    },
  };
}
