import type { ResultDelivery } from "../bus/bus.js";

/** How a delivery ends: acknowledged, put back, or ended for good. */
export type Settlement = Pick<ResultDelivery, "ack" | "nak" | "term">;

/**
 * Splits a delivery into parts that are settled separately. Once all are settled, the delivery is put back if any part was, after the
 * longest delay asked for; redelivering the recorded parts changes nothing. Otherwise it is acknowledged, or terminated if every part was.
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
