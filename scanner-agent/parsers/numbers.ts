const TOKEN = /[-+.\deE]+/y;
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** Whether a number may be read as one; else it is kept as the text that was printed. */
type Keeps = (printed: string) => boolean;

/** A number that would be printed the same again: not 1.10, 1E5, 1e400 or -0. */
export const isAsPrinted: Keeps = (printed) => String(Number(printed)) === printed;

/** A number whose value JavaScript can hold, however it is written. */
export const isHeld: Keeps = (printed) => {
  const value = Number(printed);
  return Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
};

/** Reads JSON in which the numbers that are not to be read as such become text. Throws SyntaxError. */
export function parseJson(text: string, keeps: Keeps): unknown {
  const parts: string[] = [];
  let copied = 0;
  const tokens = /["\d-]/g;
  for (let found = tokens.exec(text); found !== null; found = tokens.exec(text)) {
    const begin = found.index;
    if (found[0] === '"') {
      tokens.lastIndex = endOfString(text, begin);
      continue;
    }
    TOKEN.lastIndex = begin;
    const [printed = ""] = TOKEN.exec(text) ?? [];
    tokens.lastIndex = begin + Math.max(1, printed.length);
    if (!NUMBER.test(printed) || keeps(printed)) continue;
    parts.push(text.slice(copied, begin), JSON.stringify(printed));
    copied = begin + printed.length;
  }
  return JSON.parse(parts.join("") + text.slice(copied));
}

/** Where the string that begins at `begin` ends. */
export function endOfString(text: string, begin: number): number {
  for (let quote = text.indexOf('"', begin + 1); quote !== -1; quote = text.indexOf('"', quote + 1)) {
    let first = quote;
    while (text[first - 1] === "\\") first -= 1;
    if ((quote - first) % 2 === 0) return quote + 1;
  }
  return text.length;
}
