import type { Published } from "../db/outbox.js";

/**
 * Requests that are on the bus and whose rows do not say so yet. Most are answered within a second: their rows are gone by then, and
 * were never written a second time.
 */
export interface Unmarked {
  add(published: Published): void;
  /** Takes those of these scans. */
  takeOf(scanIds: readonly number[]): Published[];
  /** Waits until those that were added have been marked. */
  flush(): Promise<void>;
}

export function createUnmarked(afterMs: number, mark: (published: readonly Published[]) => Promise<void>): Unmarked {
  let waiting: { readonly at: number; readonly published: Published }[] = [];
  let timer: NodeJS.Timeout | undefined;
  let marking: Promise<void> | undefined;

  function schedule(): void {
    const [first] = waiting;
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
    const due = waiting.filter(({ at }) => at <= time);
    waiting = waiting.filter(({ at }) => at > time);
    marking = Promise.all([marking, due.length > 0 && mark(due.map(({ published }) => published))]).then(() => undefined);
    await marking;
    schedule();
  }

  return {
    add(published) {
      waiting.push({ at: performance.now(), published });
      schedule();
    },
    takeOf(scanIds) {
      const ids = new Set(scanIds);
      const taken = waiting.filter(({ published }) => ids.has(published.scanId));
      if (taken.length > 0) waiting = waiting.filter(({ published }) => !ids.has(published.scanId));
      return taken.map(({ published }) => published);
    },
    async flush() {
      clearTimeout(timer);
      timer = undefined;
      await markUntil(Infinity);
    },
  };
}
