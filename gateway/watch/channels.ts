import type { Logger } from "pino";
import { batched } from "../batches/batch.js";
import { GatewayError } from "../errors.js";
import { retryRead } from "./reading.js";
import { Watch, type Step } from "./watch.js";

/** Things of one kind that are watched one by one, such as scans: a channel for each that somebody on this gateway watches. */
export interface Channels<T> {
  /**
   * The thing as it is now, then each newer revision up to its last, or beyond it until the thing is gone. The first `next()` throws
   * NOT_FOUND if there is none.
   */
  watch(key: number, options?: { readonly beyondLast?: boolean }): Watch<T>;
  /** Says that the thing has reached a revision. */
  notify(key: number, revision: number): void;
  /** Says that the thing may have changed. */
  invalidate(key: number): void;
  /** The same for everything that `matches`, and for everything that was not read yet. */
  invalidateWhere(matches: (value: T) => boolean): void;
  /** The keys that are watched now. */
  keys(): number[];
  /** How many watches there are. */
  count(): number;
}

/** Where channels of one kind read. */
export interface ChannelSource<T> {
  /** What one such thing is called, e.g. `scan`. */
  readonly name: string;
  read(key: number): Promise<T | undefined>;
  /** Whether this revision is the last. */
  isLast(value: T): boolean;
}

interface Channel<T> {
  readonly listeners: Set<() => void>;
  /** The newest revision that was read. All watches share the object, so that it is presented once. */
  value: T | undefined;
  /** Reads again, and wakes the listeners if there is a newer revision. Callers that come meanwhile share the read after this one. */
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
    /** One promise for all callers. */
    let nextRead: Promise<void> | undefined;
    const channel: Channel<T> = { listeners, value: undefined, refresh: () => (nextRead ??= read()) };
    channels.set(key, channel);
    return channel;
  }

  function invalidate(key: number): void {
    // The listeners are woken after the read, not before: thousands that find nothing new take longer than the read.
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

      /** Reads again although a value may be there: a change before the registration would be missed otherwise. */
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
