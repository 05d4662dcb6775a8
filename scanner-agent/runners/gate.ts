/** Lets many in together, or one alone, in the order they came. */
export interface Gate {
  /** Waits until entering is possible; the answer leaves again. */
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
          closed = false;
          admit();
        };
        waiting.push({ alone, admit: () => resolve(leave) });
        admit();
      });
    },
  };
}
