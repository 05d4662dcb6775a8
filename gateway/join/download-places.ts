import type { ReadStream } from "node:fs";
import { GatewayError } from "../errors.js";

/** What of a stream its place depends on. */
export type DownloadStream = Pick<ReadStream, "bytesRead" | "destroy" | "once">;

/** Places for downloads by anybody: whoever reads slowly gives way to whoever comes. */
export interface DownloadPlaces {
  /** Takes a place until the download is closed. Throws UNAVAILABLE. */
  take(address: string, content: DownloadStream): void;
}

export interface PlaceLimits {
  /** Downloads at once; the mesh's own work goes first. */
  readonly most: number;
  /** Those of one address: behind one there may be a proxy, or many hosts. */
  readonly perAddress: number;
  /** Whoever reads fewer bytes between two looks is slow. */
  readonly leastBytes: number;
  readonly lookMs: number;
  /** How long one may take. */
  readonly longestMs: number;
}

const LIMITS: PlaceLimits = { most: 8, perAddress: 4, leastBytes: 1024 ** 2, lookMs: 10_000, longestMs: 900_000 };
const RETRY_SECONDS = 5;

interface Taken {
  readonly address: string;
  readonly content: DownloadStream;
  seen: number;
  isSlow: boolean;
}

export function createDownloadPlaces(limits: PlaceLimits = LIMITS): DownloadPlaces {
  const taken = new Set<Taken>();

  function makeRoom(address: string): void {
    const here = [...taken].filter((one) => one.address === address);
    const rivals = here.length >= limits.perAddress ? here : taken.size >= limits.most ? [...taken] : undefined;
    if (rivals === undefined) return;
    const slow = rivals.find(({ isSlow }) => isSlow);
    if (slow === undefined)
      throw new GatewayError("UNAVAILABLE", `${rivals.length} hosts are fetching the agent now`, { retryAfter: RETRY_SECONDS });
    taken.delete(slow);
    slow.content.destroy(new Error("a host that fetches the agent slowly has given way to another"));
  }

  return {
    take(address, content) {
      makeRoom(address);
      const place: Taken = { address, content, seen: 0, isSlow: false };
      taken.add(place);
      const looking = setInterval(() => {
        place.isSlow = content.bytesRead - place.seen < limits.leastBytes;
        place.seen = content.bytesRead;
      }, limits.lookMs).unref();
      const tooLong = () => content.destroy(new Error("a host has fetched the agent for too long"));
      const ending = setTimeout(tooLong, limits.longestMs).unref();
      content.once("close", () => {
        clearInterval(looking);
        clearTimeout(ending);
        taken.delete(place);
      });
    },
  };
}
