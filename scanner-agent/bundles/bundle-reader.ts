/** Where bundles come from: the port of {@link createBundleStore}, and NATS behind it. */

import { Unavailable } from "../contract.js";
import type { Bus } from "../bus/bus.js";
import { readBundleChunk } from "../bus/verbs.js";

/** Reads what the mesh keeps of bundles. */
export interface BundleReader {
  /** Chunk `n` of the file with this hash; undefined if the mesh does not have it. Throws {@link Unavailable} while it is away. */
  read(sha256: string, n: number): Promise<Uint8Array | undefined>;
}

/** Reads from the stream BUNDLES, over a connection of its own, which is made at the first read: samples do not wait behind bundles. */
export function createBundleReader(connect: () => Promise<Bus>): BundleReader {
  let connecting: Promise<Bus> | undefined;

  async function connected(): Promise<Bus> {
    connecting ??= connect();
    try {
      return await connecting;
    } catch (cause) {
      connecting = undefined;
      throw new Unavailable("cannot connect to NATS", { cause, isPassing: true });
    }
  }

  return { read: async (sha256, n) => readBundleChunk(await connected(), sha256, n) };
}
