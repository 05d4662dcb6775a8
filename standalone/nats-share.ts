/** What the streams of a mesh on one machine may take of NATS's room. */

import { INTERNET_CLASSES } from "../schema/classes.js";
import { OperatorError } from "../schema/operator-error.js";
import { sizeText } from "../schema/settings.js";
import { PRESENCE_RESERVED, reservedBytes } from "../schema/streams.js";
import type { NatsRoom } from "./nats.js";

/** Two streams in each of two accounts reserve SCANMESH_SCANS_MAX. */
const RESERVING_STREAMS = 4;
const GIB = 1024 ** 3;
export const MIB = 1024 ** 2;

/** What waiting requests and bundles may take in each account, in MiB: of what streams may reserve, bundles have half at most. */
export function shareRoom(reservable: number, wanted: number | undefined): { scansMax: number; bundlesMax: number } {
  const free = Math.max(0, reservable - PRESENCE_RESERVED);
  const bundles = wanted ?? Math.min(4 * GIB, free / 2 / INTERNET_CLASSES.length);
  const scans = Math.min(GIB, (free - INTERNET_CLASSES.length * bundles) / RESERVING_STREAMS);
  const inMib = (bytes: number) => Math.max(1, Math.floor(bytes / MIB));
  return { scansMax: inMib(scans), bundlesMax: inMib(bundles) };
}

/** Throws {@link OperatorError} if nats-server would refuse the streams. */
export function checkRoom(dir: string, { free, limit }: NatsRoom, wanted: Parameters<typeof reservedBytes>[0]): void {
  const needed = reservedBytes(wanted);
  if (needed <= limit) return;
  throw new OperatorError(
    `There is too little room for NATS in ${dir}: ${sizeText(free)} are free, of which it may use ${sizeText(limit)}, and its streams ` +
      `reserve ${sizeText(needed)} (four times SCANMESH_SCANS_MAX, twice SCANMESH_SAMPLES_MAX and SCANMESH_BUNDLES_MAX, and ${sizeText(PRESENCE_RESERVED)}). Free some room, lower these ` +
      "settings, or set SCANMESH_HOME to a folder on a larger disk.",
  );
}
