/** A lock that many may hold together, or one alone; served in order of arrival. */
export interface Gate {
  /** Waits for the lock and returns a function that releases it. */
  enter(alone: boolean): Promise<() => void>;
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
    enter(alone) {
      return new Promise((resolve) => {
        const leave = () => {
          inside -= 1;
          // Whoever was alone is the last to leave.
          closed = false;
          admit();
        };
        waiting.push({ alone, admit: () => resolve(leave) });
        admit();
      });
    },
  };
}
