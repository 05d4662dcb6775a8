import { EventEmitter, once } from "node:events";
import { freemem } from "node:os";
import { sizeText } from "../../schema/settings.js";

/** What an engine is assumed to need if its manifest does not say. */
export const ASSUMED_MEMORY = 512 * 1024 ** 2;

/** Bytes of memory that this host, and the agent's container if it runs in one, can give now. */
export function readFreeMemory(): number {
  return Math.min(freemem(), process.availableMemory());
}

/** Memory that is promised to a candidate. */
export interface Promised {
  /** Why a second instance of the engine cannot run beside the first; undefined if it can. */
  readonly lack: string | undefined;
  /** It is not needed any more, or taken. */
  release(): void;
}

/** Reserves memory for candidates of this host's engines, so that no two are promised the same bytes. */
export interface MemoryRoom {
  /** Waits while others have reserved what is missing. If memory is missing even then, {@link Promised.lack} says so. */
  reserve(needed: number, options: { readonly signal: AbortSignal; readonly onWait: () => void }): Promise<Promised>;
}

export function createMemoryRoom(readFree: () => number): MemoryRoom {
  const promises = new Set<{ readonly bytes: number }>();
  const released = new EventEmitter().setMaxListeners(0);

  return {
    async reserve(needed, { signal, onWait }) {
      for (let isTold = false; ;) {
        const promised = [...promises].reduce((sum, { bytes }) => sum + bytes, 0);
        const free = Math.max(0, readFree() - promised);
        if (free >= needed || promises.size === 0) return promise(needed, free);
        if (!isTold) onWait();
        isTold = true;
        await once(released, "released", { signal });
      }
    },
  };

  function promise(bytes: number, free: number): Promised {
    const one = { bytes };
    promises.add(one);
    const lack =
      free >= bytes ? undefined : `a second one beside it needs ${sizeText(bytes)} of memory, and ${sizeText(free)} are free`;
    return {
      lack,
      release() {
        promises.delete(one);
        released.emit("released");
      },
    };
  }
}
