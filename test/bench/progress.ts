/** Shows what is being measured: rows of a table, and below them a bar while one lasts. */

const BAR_WIDTH = 24;
const REDRAW_MS = 100;

/** Tells how much of the work is done. */
export type Advance = (done: number, of: number) => void;

export interface Progress {
  line(text: string): void;
  /** Does the work, shown by `label` while it lasts and as a row with what `shown` says of its result. */
  measure<T>(label: string, work: (advance: Advance) => Promise<T>, shown: (result: T) => string): Promise<T>;
}

/** Nothing is measured any more once the signal is given. */
export function createProgress(stream: NodeJS.WriteStream, signal: AbortSignal): Progress {
  const redraws = stream.isTTY === true;
  const clear = () => void (redraws && stream.write("\r\u001b[2K"));
  const line = (text: string) => {
    clear();
    stream.write(`${text}\n`);
  };
  return {
    line,
    async measure(label, work, shown) {
      signal.throwIfAborted();
      const begun = performance.now();
      const seconds = () => `${((performance.now() - begun) / 1_000).toFixed(1)} s`.padStart(8);
      let [done, of] = [0, 0];
      const draw = () =>
        void stream.write(`\r\u001b[2K${label.padEnd(34)}${seconds()}  ${bar(done, of)}`.slice(0, stream.columns + 5));
      const timer = redraws ? setInterval(draw, REDRAW_MS) : undefined;
      try {
        const result = await work((nowDone, nowOf) => void ([done, of] = [nowDone, nowOf]));
        line(`${label.padEnd(34)}${seconds()}  ${shown(result)}`);
        return result;
      } finally {
        clearInterval(timer);
        clear();
      }
    },
  };
}

function bar(done: number, of: number): string {
  if (of === 0) return "";
  const full = Math.round((BAR_WIDTH * done) / of);
  return `[${"█".repeat(full)}${"░".repeat(BAR_WIDTH - full)}] ${done} / ${of}`;
}
