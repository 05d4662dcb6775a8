import type { Logger } from "pino";
import { reasonOf, TimedOut, Unavailable } from "../../contract.js";
import { within } from "../../within.js";
import type { WarmContainer } from "./warm-container.js";

const PATIENCE_MS = 60_000;
const RENEWAL_MS = 10_000;

/** An engine's warm containers. */
export interface Pool {
  /** Waits for a container; `fresh`: one that had no sample yet. Throws {@link Unavailable} or the signal's reason. */
  take(fresh: boolean, signal: AbortSignal): Promise<WarmContainer>;
  /** Gives it back; it is used again only if nothing went wrong in it. */
  give(warm: WarmContainer, good: boolean): void;
  /** Makes no more; discards what is idle, and what is in use when it is given back. */
  retire(): void;
  /** Discards everything and makes no more. */
  close(): Promise<void>;
}

/** What a pool is made of. */
export interface PoolOptions {
  /** How many containers there are. */
  readonly size: number;
  /** For how many samples one is used. */
  readonly scans: number;
  /** For how many milliseconds one is used. */
  readonly afterMs: number;
  readonly make: () => Promise<WarmContainer>;
  readonly log: Logger;
}

interface Waiter {
  readonly fresh: boolean;
  readonly settle: (warm: WarmContainer | Error) => void;
}

/** A pool that keeps as many containers ready as it can have. */
export function createPool({ size, scans, afterMs, make, log }: PoolOptions): Pool {
  const all = new Set<WarmContainer>();
  const waiting: Waiter[] = [];
  const discards = new Set<Promise<void>>();
  let idle: WarmContainer[] = [];
  let making = 0;
  let closed = false;

  /** Brings containers and those who wait together, and makes what is missing. */
  function update(): void {
    for (const warm of idle.filter(isSpent)) drop(warm);
    for (const waiter of waiting.slice()) {
      const warm = idle.find((one) => !waiter.fresh || one.scans === 0);
      if (warm === undefined) continue;
      idle = idle.filter((one) => one !== warm);
      waiting.splice(waiting.indexOf(waiter), 1);
      waiter.settle(warm);
    }
    // Somebody needs a fresh one, and every one that could be given up has been used.
    const used = idle[0];
    if (waiting.some(({ fresh }) => fresh) && making === 0 && all.size >= size && used !== undefined) drop(used);
    while (!closed && all.size + making < size) void add();
  }

  // What has become too old is replaced before it is needed.
  const renewal = setInterval(update, Math.min(afterMs, RENEWAL_MS)).unref();

  function isSpent(warm: WarmContainer): boolean {
    return warm.ended() || warm.scans >= scans || Date.now() - warm.bornAt > afterMs;
  }

  async function add(): Promise<void> {
    making += 1;
    try {
      const warm = await make();
      making -= 1;
      all.add(warm);
      if (closed) return drop(warm);
      idle.push(warm);
      update();
    } catch (error) {
      making -= 1;
      const reason = error instanceof Unavailable ? error : new Unavailable(reasonOf(error), { cause: error });
      if (waiting.length === 0 && !closed) log.warn({ reason: reason.message }, "no container can be made ready");
      for (const waiter of waiting.splice(0)) waiter.settle(reason);
    }
  }

  function drop(warm: WarmContainer): void {
    all.delete(warm);
    idle = idle.filter((one) => one !== warm);
    const gone = warm
      .discard()
      .catch((error: unknown) =>
        log.warn({ reason: reasonOf(error) }, "a container may be left; it is removed at the next start"),
      )
      .finally(() => discards.delete(gone));
    discards.add(gone);
  }

  /** Something may go on in a container after its command has ended: such a one is not used again. */
  async function inspect(warm: WarmContainer): Promise<void> {
    try {
      if (await warm.isQuiet()) idle.push(warm);
      else drop(warm);
    } catch (error) {
      log.debug({ err: error }, "a container cannot be looked at");
      drop(warm);
    }
    update();
  }

  function retire(): void {
    closed = true;
    clearInterval(renewal);
    for (const waiter of waiting.splice(0)) waiter.settle(new Unavailable("its containers have been ended"));
    for (const warm of idle) drop(warm);
  }

  return {
    async take(fresh, signal) {
      if (closed) throw new Unavailable("its containers have been ended");
      let settle: Waiter["settle"] = () => undefined;
      const given = new Promise<WarmContainer>((resolve, reject) => {
        settle = (warm) => (warm instanceof Error ? reject(warm) : resolve(warm));
      });
      const waiter = { fresh, settle };
      waiting.push(waiter);
      update();
      try {
        return await within(PATIENCE_MS, given, signal);
      } catch (error) {
        const place = waiting.indexOf(waiter);
        if (place !== -1) waiting.splice(place, 1);
        // It may have been given one at the very moment of giving up.
        else
          void given.then(
            (warm) => (idle.push(warm), update()),
            () => undefined,
          );
        throw error instanceof TimedOut
          ? new Unavailable(`no container was ready within ${PATIENCE_MS / 1000} s`, { cause: error })
          : error;
      }
    },
    give(warm, good) {
      if (good && !closed && !isSpent(warm)) return void inspect(warm);
      drop(warm);
      update();
    },
    retire,
    async close() {
      retire();
      for (const warm of all) drop(warm);
      await Promise.all(discards);
    },
  };
}
