/** How a command ends that cannot go on. */

import { writeSync } from "node:fs";
import { inspect } from "node:util";

/** Never 1, by which scan, conformance and doctor tell what they found. */
export const FAILED = 2;
/** What a shell says of a program that SIGPIPE ended; Node ignores that signal. */
const READER_GONE = 141;

let isGuarded = false;
let goesOn = false;

/** From here on an output that takes nothing is no reason to end. */
export function ignoreLostOutput() {
  goesOn = true;
}

/** From here on neither an error that nobody caught nor an output that takes nothing ends this process with 1, Node's own choice. */
export function guardExitStatus() {
  if (isGuarded) return;
  isGuarded = true;
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (/** @type {NodeJS.ErrnoException} */ error) => {
      if (goesOn) return;
      if (error.code === "EPIPE") process.exit(READER_GONE);
      tell(`The output cannot be written: ${error.code ?? error.message}.`);
      process.exit(FAILED);
    });
  }
  process.on("uncaughtException", (error) => {
    tell(inspect(error));
    process.exit(FAILED);
  });
}

/**
 * Writes at once, because the process ends.
 * @param {string} text
 */
function tell(text) {
  try {
    writeSync(2, `${text}\n`);
  } catch {
    // There is nobody left to tell; the exit status does.
  }
}
