/** Keeps both sides of the bus listening, whatever messages arrive and whenever a subscription ends. */

import { setTimeout as pause } from "node:timers/promises";

const RESTART_MS = 500;

/**
 * A handler that never throws: an error is given to `report`, and the next message is handled. The NATS client stops reading from
 * the connection when a callback throws.
 */
export function guard<A extends readonly unknown[]>(
  handle: (...args: A) => void,
  report: (error: unknown) => void,
): (...args: A) => void {
  return (...args) => {
    try {
      handle(...args);
    } catch (error) {
      report(error);
    }
  };
}

/** Something that is to be kept open. */
export interface KeptOpen {
  /** Opens it; resolves or rejects when it has ended. */
  readonly open: () => Promise<unknown>;
  /** Asked before it is opened: once this is false it stays closed. */
  readonly isWanted: () => boolean;
  /** Told each time it has ended although it is wanted, with the error if there is one. */
  readonly onEnd: (error: unknown) => void;
}

/** Opens something that is read until it ends, such as a subscription, and opens it again whenever it has ended. */
export async function keepOpen({ open, isWanted, onEnd }: KeptOpen): Promise<void> {
  while (isWanted()) {
    const error: unknown = await open().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (!isWanted()) return;
    onEnd(error);
    await pause(RESTART_MS, undefined, { ref: false });
  }
}
