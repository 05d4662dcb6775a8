/** Prints how long something took: on a busy machine no test may depend on it. */
export async function tellTime(what: string, work: Promise<unknown>): Promise<void> {
  const startedAt = performance.now();
  await work;
  process.stdout.write(`${what} in ${((performance.now() - startedAt) / 1_000).toFixed(1)} s.\n`);
}
