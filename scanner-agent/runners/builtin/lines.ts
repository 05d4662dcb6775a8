/** The lines of a text, counted from 1. */
export interface Lines {
  /** Where a line begins; the text's end for lines that it does not have. */
  startOf(line: number): number;
  /** The line of an offset. */
  at(offset: number): number;
}

/** Finds the lines of a text. */
export function linesOf(text: string): Lines {
  const starts = [0];
  for (let newline = text.indexOf("\n"); newline !== -1; newline = text.indexOf("\n", newline + 1)) starts.push(newline + 1);
  return {
    startOf: (line) => starts[line - 1] ?? text.length,
    at(offset) {
      let [low, high] = [0, starts.length];
      while (low + 1 < high) {
        const middle = (low + high) >> 1;
        if ((starts[middle] ?? 0) <= offset) low = middle;
        else high = middle;
      }
      return low + 1;
    },
  };
}
