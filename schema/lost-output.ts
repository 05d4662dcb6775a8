/** What runs for long goes on when its terminal, or the program that reads its output, is gone. */

/** From here on what cannot be written to standard output or standard error is dropped; by itself Node ends the process. */
export function surviveLostOutput(): void {
  for (const stream of [process.stdout, process.stderr]) stream.removeAllListeners("error").on("error", () => undefined);
}
