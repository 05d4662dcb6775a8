/** Where the log of a process goes. */

import { pino } from "pino";

/** Beyond this many buffered bytes, lines are dropped. */
const BUFFER_BYTES = 1024 * 1024;

/** Standard output. A log that cannot be written, on a full disk or to a reader that is gone, ends no process. */
export function logDestination(): ReturnType<typeof pino.destination> {
  const destination = pino.destination({ dest: 1, sync: true, maxLength: BUFFER_BYTES });
  // There is nowhere left to report this. Buffered lines are written with the next one, if that can be written.
  destination.on("error", () => {});
  return destination;
}
