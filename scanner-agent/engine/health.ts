import type { Logger } from "pino";
import type { UnhealthyCause } from "../../schema/states.js";
import { reasonOf, Unavailable, type Outcome } from "../contract.js";

const FIRST_RETEST_MS = 500;
const FAILURES_IN_A_ROW = 3;

/** Whether an engine works. It is tested when it starts, when it has changed, and while it does not work. */
export interface Health {
  /** Why it is unhealthy; null: it is healthy. */
  reason(): string | null;
  cause(): UnhealthyCause | null;
  /** When the last test ended. */
  testedAt(): string | null;
  /** Whether it is healthy and not being tested. */
  takesWork(): boolean;
  /** Makes it unhealthy until `obstacle` resolves and it passes its test. */
  suspend(why: string, obstacle?: () => Promise<void>): void;
  /** Takes note of how a scan ended: it is tested after several failures in a row. */
  count(outcome: Outcome): void;
  /** Tests it, or waits for the test that is under way. It is tested again by itself from then on. */
  test(): Promise<void>;
  /** Tests a healthy engine if it has changed. */
  look(): Promise<void>;
  /** Ends the tests; the one that is under way, if there is one. */
  stop(): Promise<void> | undefined;
}

/** What the health of an engine depends on. */
export interface HealthOptions {
  /** Starts it and tests it; throws why it does not work. */
  readonly prove: () => Promise<void>;
  /** Whether it is another one than was tested. */
  readonly hasChanged: () => Promise<boolean>;
  /** What the log says of an engine that has become healthy. */
  readonly tell: () => object;
  readonly retestMs: number;
  readonly log: Logger;
  readonly onChange: () => void;
}

/** Unhealthy until the first test has passed. */
export function createHealth({ prove, hasChanged, tell, retestMs, log, onChange }: HealthOptions): Health {
  let reason: string | null = "it is starting";
  let testedAt: string | null = null;
  let obstacle: (() => Promise<void>) | undefined;
  let failedScansInARow = 0;
  let failedTests = 0;
  /** The test since it was last well, or started, has failed: it is not only being started. */
  let isFault = false;
  let testing: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  function test(): Promise<void> {
    testing ??= examine().finally(() => {
      testing = undefined;
      schedule();
      onChange();
    });
    return testing;
  }

  async function examine(): Promise<void> {
    const before = reason;
    try {
      await obstacle?.();
      await prove();
      [reason, obstacle, failedScansInARow, failedTests] = [null, undefined, 0, 0];
      if (before !== null) log.info(tell(), "Engine healthy");
    } catch (error) {
      reason = reasonOf(error).slice(0, 1024);
      failedTests += 1;
      isFault = !(error instanceof Unavailable && error.isPassing);
      if (reason !== before) log.warn({ reason }, "Engine unhealthy");
    }
    testedAt = new Date().toISOString();
  }

  function schedule(): void {
    clearTimeout(timer);
    if (stopped) return;
    const delay = reason === null ? retestMs : Math.min(retestMs, FIRST_RETEST_MS * 2 ** Math.min(failedTests, 16));
    timer = setTimeout(() => void (reason === null ? checkForChange() : test()), delay);
  }

  async function checkForChange(): Promise<void> {
    try {
      if (await hasChanged()) await test();
      else schedule();
    } catch (error) {
      suspend(reasonOf(error));
    }
  }

  function suspend(why: string, until?: () => Promise<void>): void {
    if (reason === null) {
      log.warn({ reason: why }, "Engine unhealthy");
      isFault = false;
    }
    reason = why.slice(0, 1024);
    obstacle = until ?? obstacle;
    schedule();
    onChange();
  }

  return {
    reason: () => reason,
    cause: () => (reason === null ? null : isFault ? "FAULT" : "STARTING"),
    testedAt: () => testedAt,
    takesWork: () => reason === null && testing === undefined && !stopped,
    suspend,
    count({ state }) {
      failedScansInARow = state === "FAILED" || state === "TIMEOUT" ? failedScansInARow + 1 : 0;
      if (failedScansInARow < FAILURES_IN_A_ROW || reason !== null || testing !== undefined) return;
      log.warn({ failures: failedScansInARow }, "Engine failed repeatedly; testing it");
      failedScansInARow = 0;
      void test();
      onChange();
    },
    test,
    async look() {
      await testing;
      if (reason === null && !stopped) await checkForChange();
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
      return testing;
    },
  };
}
