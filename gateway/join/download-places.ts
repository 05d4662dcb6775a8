import type { ReadStream } from "node:fs";
import { GatewayError } from "../errors.js";

/** The parts of a stream that its place depends on. */
export type DownloadStream = Pick<ReadStream, "bytesRead" | "destroy" | "once">;

/** Slots for public downloads. A slow reader gives way to a newcomer. */
export interface DownloadPlaces {
  /** Takes a slot until the download is closed. Throws UNAVAILABLE. */
  take(address: string, content: DownloadStream): void;
}

export interface PlaceLimits {
  /** The most concurrent downloads, so that the mesh's own work has priority. */
  readonly most: number;
  /** The most downloads from one address, behind which there may be a proxy or many hosts. */
  readonly perAddress: number;
  /** A download is slow if it reads fewer bytes than this between two checks. */
  readonly leastBytes: number;
  readonly lookMs: number;
  /** The time limit of a download. */
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
