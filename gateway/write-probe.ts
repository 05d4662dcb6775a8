import type { Logger } from "pino";

const EVERY_MS = 3_000;

/** Writes something every few seconds, so that a store that accepts nothing is noticed before an upload waits for it. */
export interface WriteProbe {
  /** A sentence on why the store currently accepts nothing. */
  problem(): string | undefined;
  stop(): Promise<void>;
}

export interface WriteProbeOptions {
  /** Writes, and returns a sentence if the store accepts nothing. An error is logged and says nothing about the store. */
  readonly write: () => Promise<string | undefined>;
  /** The sentence for a store that does not answer. */
  readonly stalled: string;
  /** A write that takes longer counts as stalled. */
  readonly withinMs: number;
}

export function startWriteProbe(log: Logger, { write, stalled, withinMs }: WriteProbeOptions): WriteProbe {
  let problem: string | undefined;
  let failure = "";
  let writing: Promise<string | undefined> | undefined;
  let stopped = false;
  let wake = () => {};

  function tell(found: string | undefined): void {
    if (stopped || found === problem) return;
    if (found === undefined) log.info({ before: problem }, "writes are taken again");
    else log.error(found);
    problem = found;
  }

  async function attempt(): Promise<string | undefined> {
    try {
      const found = await write();
      failure = "";
      return found;
    } catch (error) {
      if (String(error) !== failure && !stopped) log.warn({ err: error }, "cannot probe whether writes are taken; retrying");
      failure = String(error);
      return undefined;
    }
  }

  /** Resolves after this time, or earlier when woken. */
  function sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async function run(): Promise<void> {
    while (!stopped) {
      // A write that has not ended is awaited again, so there is never more than one.
      writing ??= attempt().finally(() => (writing = undefined));
      const limit = sleep(withinMs).then(() => stalled);
      tell(await Promise.race([writing, limit]));
      wake();
      if (!stopped) await sleep(EVERY_MS);
    }
  }

  const running = run();
  return {
    problem: () => problem,
    async stop() {
      stopped = true;
      wake();
      await running;
    },
  };
}
