/** Long-running commands go on when their terminal, or the program that reads their output, is gone. */

/** From here on, output that cannot be written is dropped; by default Node would end the process. */
export function surviveLostOutput(): void {
  for (const stream of [process.stdout, process.stderr]) stream.removeAllListeners("error").on("error", () => undefined);
}
