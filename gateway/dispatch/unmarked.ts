import type { Published } from "../db/outbox.js";

/**
 * Requests that are on the bus but not marked in the outbox yet. Most are answered within a second, and their rows are deleted without ever
 * being updated.
 */
export interface Unmarked {
  add(published: Published): void;
  /** Removes and returns those of these scans. */
  takeOf(scanIds: readonly number[]): Published[];
  /** Waits until all that were added have been marked. */
  flush(): Promise<void>;
}

/** The requests of a scan, and when the first of them was published. */
interface Waiting {
  readonly at: number;
  readonly published: Published[];
}

export function createUnmarked(afterMs: number, mark: (published: readonly Published[]) => Promise<void>): Unmarked {
  /** By scan, the oldest first. */
  const waiting = new Map<number, Waiting>();
  let timer: NodeJS.Timeout | undefined;
  let marking: Promise<void> | undefined;

  function schedule(): void {
    const [first] = waiting.values();
    if (!first || timer) return;
    timer = setTimeout(
      () => {
        timer = undefined;
        void markUntil(performance.now() - afterMs);
      },
      Math.max(0, first.at + afterMs - performance.now()),
    );
  }

  async function markUntil(time: number): Promise<void> {
    const due: Published[] = [];
    for (const [scanId, { at, published }] of waiting) {
      if (at > time) break;
      due.push(...published);
      waiting.delete(scanId);
    }
    marking = Promise.all([marking, due.length > 0 && mark(due)]).then(() => undefined);
    await marking;
    schedule();
  }

  return {
    add(published) {
      const { scanId } = published;
      const same = waiting.get(scanId);
      if (same) same.published.push(published);
      else waiting.set(scanId, { at: performance.now(), published: [published] });
      schedule();
    },
    takeOf(scanIds) {
      return scanIds.flatMap((scanId) => {
        const taken = waiting.get(scanId)?.published ?? [];
        waiting.delete(scanId);
        return taken;
      });
    },
    async flush() {
      clearTimeout(timer);
      timer = undefined;
      await markUntil(Infinity);
    },
  };
}
