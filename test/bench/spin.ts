/** The engine `spin`: burns as much processor time as clamd does with its real database. */

import { Worker } from "node:worker_threads";

const FIXED_MS = 2;
const MS_PER_MB = 25;
const MB = 1_000_000;
const CALIBRATIONS = 8;
const CALIBRATION_MS = 60;

/** Processor milliseconds for a sample of this many bytes. */
export function spinCost(bytes: number): number {
  return FIXED_MS + (MS_PER_MB * bytes) / MB;
}

/** Work of a fixed amount, whatever else the processor does meanwhile. */
export function burn(iterations: number): number {
  let x = iterations | 1;
  for (let i = 0; i < iterations; i++) x = Math.imul(x ^ (x >>> 15), 0x2c1b3c6d) + i;
  return x;
}

/** How many iterations a processor millisecond has: the best of several tries is the least disturbed one. */
export function calibrate(): number {
  let iterations = 1_000_000;
  let best = 0;
  for (let i = 0; i < CALIBRATIONS; i++) {
    const before = process.cpuUsage();
    burn(iterations);
    const { user, system } = process.cpuUsage(before);
    const perMs = iterations / Math.max(1, (user + system) / 1_000);
    // The first try runs partly before the compiler has seen the loop.
    if (i > 0) best = Math.max(best, perMs);
    iterations = Math.round(perMs * CALIBRATION_MS);
  }
  return Math.round(best);
}

/** Threads that spin. */
export interface SpinPool {
  /** Burns what a sample of this many bytes costs, in the next thread that is free. */
  spin(bytes: number): Promise<void>;
  stop(): Promise<void>;
}

export function createSpinPool(threads: number, iterationsPerMs: number): SpinPool {
  const workers = Array.from({ length: threads }, () => new Worker(new URL("./spin-worker.js", import.meta.url)));
  const idle = [...workers];
  const waiting: (() => void)[] = [];
  let broken: unknown;

  const pump = () => {
    while (idle.length > 0 && waiting.length > 0) waiting.shift()?.();
  };

  for (const worker of workers) worker.once("error", (error) => (broken = error));

  return {
    spin(bytes) {
      const iterations = Math.round(spinCost(bytes) * iterationsPerMs);
      return new Promise((resolve, reject) => {
        waiting.push(() => {
          const worker = idle.pop();
          if (worker === undefined || broken !== undefined)
            return reject(new Error("a spinning thread has ended", { cause: broken }));
          worker.once("message", () => {
            idle.push(worker);
            resolve();
            pump();
          });
          worker.postMessage(iterations);
        });
        pump();
      });
    },
    async stop() {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}
