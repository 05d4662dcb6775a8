import { Cancelled } from "../contract.js";

/** What this agent has taken and not answered yet. */
export interface Work {
  /** Enters a request of a scan. The signal ends it: with {@link Cancelled}, or with the reason why it is handed back. */
  enter(scan: number): { readonly signal: AbortSignal; leave(): void };
  /** Ends what was taken for these scans. */
  cancel(scans: readonly number[]): void;
  /** Ends everything, to be handed back. */
  handBack(reason: Error): void;
}

export function createWork(): Work {
  const byScan = new Map<number, Set<AbortController>>();

  return {
    enter(scan) {
      const controller = new AbortController();
      const entries = byScan.get(scan) ?? new Set();
      byScan.set(scan, entries.add(controller));
      return {
        signal: controller.signal,
        leave() {
          entries.delete(controller);
          if (entries.size === 0 && byScan.get(scan) === entries) byScan.delete(scan);
        },
      };
    },
    cancel(scans) {
      for (const scan of scans) for (const controller of byScan.get(scan) ?? []) controller.abort(new Cancelled());
    },
    handBack(reason) {
      for (const entries of byScan.values()) for (const controller of entries) controller.abort(reason);
    },
  };
}
