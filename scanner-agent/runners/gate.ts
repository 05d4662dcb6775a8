/** A lock that many may hold together, or one alone; served in order of arrival. */
export interface Gate {
  /** Waits for the lock and returns a function that releases it. Throws the signal's reason. */
  enter(alone: boolean, signal: AbortSignal): Promise<() => void>;
}

export function createGate(): Gate {
  const waiting: { readonly alone: boolean; readonly admit: () => void }[] = [];
  let inside = 0;
  let closed = false;

  function admit(): void {
    for (let next = waiting[0]; next !== undefined && !closed && (!next.alone || inside === 0); next = waiting[0]) {
      waiting.shift();
      inside += 1;
      closed = next.alone;
      next.admit();
    }
  }

  return {
    enter(alone, signal) {
      return new Promise((resolve, reject) => {
        const leave = () => {
          inside -= 1;
          // An exclusive holder is always the last to leave.
          closed = false;
          admit();
        };
        const onAbort = () => {
          waiting.splice(waiting.indexOf(entry), 1);
          reject(signal.reason as Error);
          // Others may be queued behind it.
          admit();
        };
        const entry = {
          alone,
          admit: () => {
            signal.removeEventListener("abort", onAbort);
            resolve(leave);
          },
        };
        if (signal.aborted) return reject(signal.reason as Error);
        signal.addEventListener("abort", onAbort, { once: true });
        waiting.push(entry);
        admit();
      });
    },
  };
}
