import type { Logger } from "pino";
import { batched } from "../batches/batch.js";
import { GatewayError } from "../errors.js";
import { retryRead } from "./reading.js";
import { Watch, type Step } from "./watch.js";

/** Objects of one kind that are watched individually, such as scans. There is a channel for each object with a watcher on this gateway. */
export interface Channels<T> {
  /**
   * The object's current state, then each newer revision up to its last, or beyond it until the object is gone. The first `next()` throws
   * NOT_FOUND if there is none.
   */
  watch(key: number, options?: { readonly beyondLast?: boolean }): Watch<T>;
  /** Announces that the object has reached a revision. */
  notify(key: number, revision: number): void;
  /** Announces that the object may have changed. */
  invalidate(key: number): void;
  /** The same for all objects that `matches` accepts, and for all that were not read yet. */
  invalidateWhere(matches: (value: T) => boolean): void;
  /** The keys that are being watched. */
  keys(): number[];
  /** How many watches there are. */
  count(): number;
}

/** How to read objects of one kind. */
export interface ChannelSource<T> {
  /** The name of the kind, e.g. `scan`. */
  readonly name: string;
  read(key: number): Promise<T | undefined>;
  /** Whether this revision is the last one. */
  isLast(value: T): boolean;
}

interface Channel<T> {
  readonly listeners: Set<() => void>;
  /** The newest revision read. All watches share the object, so that it is serialized once. */
  value: T | undefined;
  /** Reads again and wakes the listeners if there is a newer revision. Callers during a read share the next one. */
  refresh(): Promise<void>;
}

const ONE_AT_A_TIME = { size: Infinity, parallel: 1 };

export function createChannels<T extends { readonly revision: number }>(log: Logger, source: ChannelSource<T>): Channels<T> {
  const channels = new Map<number, Channel<T>>();

  function open(key: number): Channel<T> {
    const listeners = new Set<() => void>();
    const read = batched<void, void>(async (callers) => {
      nextRead = undefined;
      const value = await retryRead(
        log,
        `${source.name} ${key}`,
        () => listeners.size > 0,
        () => source.read(key),
      );
      if (value && channel.value && value.revision <= channel.value.revision) return callers;
      channel.value = value;
      for (const wake of listeners) wake();
      return callers;
    }, ONE_AT_A_TIME);
    /** The read that new callers share; undefined once it has started. */
    let nextRead: Promise<void> | undefined;
    const channel: Channel<T> = { listeners, value: undefined, refresh: () => (nextRead ??= read()) };
    channels.set(key, channel);
    return channel;
  }

  function invalidate(key: number): void {
    // Listeners are woken only after the read: waking thousands for nothing takes longer than the read.
    channels
      .get(key)
      ?.refresh()
      .catch((error: unknown) => log.error({ err: error }, `watchers of ${source.name} ${key} cannot be told of a change`));
  }

  return {
    invalidate,
    watch(key, { beyondLast = false } = {}) {
      const channel = channels.get(key) ?? open(key);
      let seen = -1;
      let isFirst = true;

      /** Reads again even if there is a value. Otherwise a change before the registration would be missed. */
      async function firstStep(): Promise<Step<T> | "end"> {
        await channel.refresh();
        isFirst = false;
        const step = nextStep();
        if (!step || step === "end") throw new GatewayError("NOT_FOUND", `there is no ${source.name} ${key}`);
        return step;
      }

      function nextStep(): Step<T> | "end" | undefined {
        const { value } = channel;
        if (!value) return "end";
        if (value.revision <= seen) return undefined;
        seen = value.revision;
        return { value, last: !beyondLast && source.isLast(value) };
      }

      return new Watch({
        register(wake) {
          channel.listeners.add(wake);
          return () => {
            channel.listeners.delete(wake);
            if (channel.listeners.size === 0 && channels.get(key) === channel) channels.delete(key);
          };
        },
        step: () => (isFirst ? firstStep() : nextStep()),
      });
    },
    notify(key, revision) {
      const channel = channels.get(key);
      if (channel && !(channel.value && channel.value.revision >= revision)) invalidate(key);
    },
    keys: () => [...channels.keys()],
    invalidateWhere(matches) {
      for (const [key, { value }] of channels) if (!value || matches(value)) invalidate(key);
    },
    count: () => [...channels.values()].reduce((sum, { listeners }) => sum + listeners.size, 0),
  };
}
