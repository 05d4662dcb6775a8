/** Tells on a stream which steps are under way and how long each took: a spinner on a terminal, plain lines elsewhere. */

const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const FRAME_MS = 80;
/** Where there is no spinner, a step is announced only if it takes long. */
const QUIET_MS = 2_000;
const LABEL_WIDTH = 12;
const DEFAULT_COLUMNS = 80;

/**
 * @typedef {object} Progress
 * @property {<T>(label: string, work: () => Promise<T>, detail?: (result: T) => string, isGood?: (result: T) => boolean) => Promise<T>} step
 *   does one step, shown while it lasts and, with what `detail` says of its result, afterwards; several may be under way at once
 * @property {(line: string) => void} line writes a line of its own
 * @property {() => void} stopping says that all will be stopped: a step that ends from now on has not failed
 */

/**
 * @param {NodeJS.WriteStream} stream
 * @returns {Progress}
 */
export function createProgress(stream) {
  const display = stream.isTTY === true && process.env["TERM"] !== "dumb" ? spinner(stream) : plainLines(stream);
  let stopping = false;
  return {
    line: (line) => display.write(line),
    stopping: () => void (stopping = true),
    async step(label, work, detail = () => "", isGood = () => true) {
      const start = performance.now();
      const seconds = () => `${((performance.now() - start) / 1000).toFixed(1)} s`;
      const done = display.begin(() => `${label} ${seconds()}`, label);
      const end = (/** @type {string} */ mark, /** @type {string} */ text) => {
        done();
        display.write(`${mark} ${label.padEnd(LABEL_WIDTH)}  ${seconds().padStart(7)}  ${text}`.trimEnd());
      };
      try {
        const result = await work();
        end(isGood(result) ? "✓" : "!", detail(result));
        return result;
      } catch (error) {
        end(stopping ? "–" : "✗", "");
        throw error;
      }
    },
  };
}

/**
 * @typedef {object} Display
 * @property {(line: string) => void} write
 * @property {(status: () => string, label: string) => () => void} begin shows that something is under way until it is told that it is done
 */

/**
 * @param {NodeJS.WriteStream} stream
 * @returns {Display}
 */
function spinner(stream) {
  /** @type {Set<() => string>} */
  const running = new Set();
  let frame = 0;
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const clear = () => stream.write("\r\x1b[2K");
  const draw = () => {
    const line = `${FRAMES[frame++ % FRAMES.length]} ${[...running].map((status) => status()).join(" · ")}`;
    stream.write(`\r\x1b[2K${line.slice(0, (stream.columns || DEFAULT_COLUMNS) - 1)}`);
  };
  return {
    write(line) {
      if (running.size > 0) clear();
      stream.write(`${line}\n`);
    },
    begin(status) {
      running.add(status);
      timer ??= setInterval(draw, FRAME_MS);
      return () => {
        running.delete(status);
        clear();
        if (running.size > 0) return;
        clearInterval(timer);
        timer = undefined;
      };
    },
  };
}

/**
 * @param {NodeJS.WriteStream} stream
 * @returns {Display}
 */
function plainLines(stream) {
  return {
    write: (line) => void stream.write(`${line}\n`),
    begin(_status, label) {
      const timer = setTimeout(() => stream.write(`… ${label}\n`), QUIET_MS);
      return () => clearTimeout(timer);
    },
  };
}
