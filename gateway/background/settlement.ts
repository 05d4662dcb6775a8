import type { ResultDelivery } from "../bus/bus.js";

/** How a delivery ends: acknowledged, put back, or ended for good. */
export type Settlement = Pick<ResultDelivery, "ack" | "nak" | "term">;

/**
 * The parts of a delivery, each to be settled once. When all are, the delivery is put back if one of them was, for the longest of
 * their times; those that were recorded change nothing when they come again. Else it is acknowledged, or ended if no part was.
 */
export function settleTogether(delivery: Settlement, parts: number): readonly Settlement[] {
  let open = parts;
  let isRecorded = false;
  let putBackMs: number | undefined;

  function settle(): void {
    open -= 1;
    if (open > 0) return;
    if (putBackMs !== undefined) delivery.nak(putBackMs);
    else if (isRecorded) delivery.ack();
    else delivery.term();
  }

  return Array.from({ length: parts }, () => ({
    ack() {
      isRecorded = true;
      settle();
    },
    nak(ms: number) {
      putBackMs = Math.max(putBackMs ?? 0, ms);
      settle();
    },
    term: settle,
  }));
}
