import type { Logger } from "pino";
import { reasonOf, TimedOut, Unavailable } from "../../contract.js";
import { within } from "../../within.js";
import type { WarmContainer } from "./warm-container.js";

const TAKE_TIMEOUT_MS = 60_000;
const RENEWAL_MS = 10_000;

/** An engine's warm containers, shared by its slots. */
export interface Pool {
  /** Waits for a container; `fresh`: one that has had no sample. Throws {@link Unavailable} or the signal's reason. */
  take(fresh: boolean, signal: AbortSignal): Promise<WarmContainer>;
  /** Gives it back; it is used again only if it is `reusable`. */
  give(warm: WarmContainer, reusable: boolean): void;
  /** Makes no more containers; discards the idle ones, and the others when they are given back. */
  retire(): void;
  /** Makes no more containers and discards all. */
  close(): Promise<void>;
}

/** How a pool is made up. */
export interface PoolOptions {
  /** Number of containers. */
  readonly size: number;
  /** How many samples a container is used for. */
  readonly scans: number;
  /** How long a container is used, in milliseconds. */
  readonly afterMs: number;
  readonly make: () => Promise<WarmContainer>;
  readonly log: Logger;
}

interface Waiter {
  readonly fresh: boolean;
  readonly settle: (warm: WarmContainer | Error) => void;
}

/** Creates a pool, which keeps all its containers ready. */
export function createPool({ size, scans, afterMs, make, log }: PoolOptions): Pool {
  const all = new Set<WarmContainer>();
  const waiting: Waiter[] = [];
  const discards = new Set<Promise<void>>();
  let idle: WarmContainer[] = [];
  let making = 0;
  let closed = false;

  /** Gives idle containers to those who wait, and makes containers that are missing. */
  function update(): void {
    for (const warm of idle.filter(isSpent)) drop(warm);
    for (const waiter of waiting.slice()) {
      const warm = idle.find((one) => !waiter.fresh || one.scans === 0);
      if (warm === undefined) continue;
      idle = idle.filter((one) => one !== warm);
      waiting.splice(waiting.indexOf(waiter), 1);
      waiter.settle(warm);
    }
    // A fresh container is wanted and none can be added: a used one makes room.
    const used = idle[0];
    if (waiting.some(({ fresh }) => fresh) && making === 0 && all.size >= size && used !== undefined) drop(used);
    while (!closed && all.size + making < size) void add();
  }

  // Replaces containers that have become too old before they are needed.
  const renewal = setInterval(update, Math.min(afterMs, RENEWAL_MS)).unref();

  function isSpent(warm: WarmContainer): boolean {
    return warm.hasEnded() || warm.scans >= scans || Date.now() - warm.createdAt > afterMs;
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
      if (waiting.length === 0 && !closed) log.warn(`Cannot start a container (${reason.message})`);
      // Waiters may still get another container.
      if (all.size + making > 0) return;
      waiting.shift()?.settle(reason);
      if (waiting.length > 0) update();
    }
  }

  function drop(warm: WarmContainer): void {
    all.delete(warm);
    idle = idle.filter((one) => one !== warm);
    const gone = warm
      .discard()
      .catch((error: unknown) =>
        log.warn({ reason: reasonOf(error) }, "A container may be left; the next start of the agent removes it"),
      )
      .finally(() => discards.delete(gone));
    discards.add(gone);
  }

  /** Keeps a container only if nothing that its command started still runs in it. */
  async function inspect(warm: WarmContainer): Promise<void> {
    try {
      if (await warm.isQuiet()) idle.push(warm);
      else drop(warm);
    } catch (error) {
      log.debug({ err: error }, "Cannot inspect a container; discarding it");
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
        return await within(TAKE_TIMEOUT_MS, given, signal);
      } catch (error) {
        const place = waiting.indexOf(waiter);
        if (place !== -1) waiting.splice(place, 1);
        // The waiter gave up just as it got a container: return the container.
        else
          void given.then(
            (warm) => (idle.push(warm), update()),
            () => undefined,
          );
        throw error instanceof TimedOut
          ? new Unavailable(`no container was ready within ${TAKE_TIMEOUT_MS / 1000} s`, { cause: error })
          : error;
      }
    },
    give(warm, reusable) {
      if (reusable && !closed && !isSpent(warm)) return void inspect(warm);
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
