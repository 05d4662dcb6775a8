import type { ScanReport } from "../../schema/reports.js";
import { pause } from "../bus-connection.js";
import { GatewayError } from "../errors.js";
import type { ScanContext } from "./context.js";

const RETRY_MS = 500;

/**
 * A scan as it is now, then each newer revision, until it is final. A slow reader gets the newest one, not a queue of them.
 * The watch is registered before the first read, so nothing falls between. The first `next()` throws NOT_FOUND if there is
 * no such scan.
 */
export function watchScan(ctx: ScanContext, scanId: number): AsyncIterableIterator<ScanReport> {
  let seen = -1;
  let heard = 0;
  let ended = false;
  let wakeUp = () => {};
  const unregister = ctx.watchers.add(scanId, (revision) => {
    heard = Math.max(heard, revision);
    wakeUp();
  });
  const end = () => {
    ended = true;
    unregister();
    wakeUp();
  };

  /** The next revision; undefined when there is none. An explicit iterator, so that return() ends a wait at once. */
  async function newer(): Promise<ScanReport | undefined> {
    while (!ended) {
      if (heard <= seen) {
        await new Promise<void>((resolve) => (wakeUp = resolve));
        continue;
      }
      const report = await readPatiently();
      if (ended) return undefined;
      if (!report) {
        end();
        if (seen === -1) throw new GatewayError("NOT_FOUND", `there is no scan ${scanId}`);
        return undefined;
      }
      if (report.revision <= seen) continue;
      seen = report.revision;
      if (report.endDate) end();
      return report;
    }
    return undefined;
  }

  /** Postgres being away is no reason to end a subscription. */
  async function readPatiently(): Promise<ScanReport | undefined> {
    while (!ended) {
      try {
        return await ctx.watchers.read(ctx.db, scanId);
      } catch (error) {
        ctx.log.warn({ err: error, scan: scanId }, "a watched scan cannot be read now");
        await pause(RETRY_MS);
      }
    }
    return undefined;
  }

  return {
    async next() {
      const value = await newer();
      return value ? { value, done: false } : { value: undefined, done: true };
    },
    async return() {
      end();
      return { value: undefined, done: true };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
