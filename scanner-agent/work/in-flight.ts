import { createAbortController } from "../../schema/abort-controller.js";
import { Cancelled } from "../contract.js";

/** The requests that this agent has taken and not answered yet. */
export interface InFlight {
  /** Adds a request of a scan. Its signal aborts with {@link Cancelled}, or with the reason why the request is handed back. */
  add(scan: number): { readonly signal: AbortSignal; remove(): void };
  /** Ends the requests of these scans. */
  cancel(scans: readonly number[]): void;
  /** Ends all requests, which are then handed back. */
  handBack(reason: Error): void;
}

export function createInFlight(): InFlight {
  const byScan = new Map<number, Set<AbortController>>();

  return {
    add(scan) {
      const controller = createAbortController();
      const requests = byScan.get(scan) ?? new Set();
      byScan.set(scan, requests.add(controller));
      return {
        signal: controller.signal,
        remove() {
          requests.delete(controller);
          if (requests.size === 0 && byScan.get(scan) === requests) byScan.delete(scan);
        },
      };
    },
    cancel(scans) {
      for (const scan of scans) for (const controller of byScan.get(scan) ?? []) controller.abort(new Cancelled());
    },
    handBack(reason) {
      for (const requests of byScan.values()) for (const controller of requests) controller.abort(reason);
    },
  };
}
