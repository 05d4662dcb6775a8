import type { RestOfRange, Snapshot } from "../db/scan-changes.js";
import { badInput, type GatewayError } from "../errors.js";

/** A place in the feed: at a snapshot, or between two snapshots. */
export type FeedPlace = Snapshot | RestOfRange;

const XID = "\\d{1,20}";
const SNAPSHOT = `${XID}:${XID}:(?:${XID}(?:,${XID})*)?`;
const CURSOR = new RegExp(`^feed (${SNAPSHOT})(?: (${SNAPSHOT}) (${XID}) (\\d{1,16}))?$`);
const LARGEST_XID = 2n ** 64n - 1n;

/** A place as clients get it: opaque, and valid at every gateway of the mesh. */
export function feedCursor(place: FeedPlace): string {
  const text = typeof place === "string" ? place : [place.from, place.to, place.after.changedIn, place.after.scanId].join(" ");
  return Buffer.from(`feed ${text}`).toString("base64url");
}

/** The place of a cursor. Throws BAD_INPUT for text that {@link feedCursor} did not make. */
export function readFeedCursor(cursor: string): FeedPlace {
  const [text, from, to, changedIn, scanId] = CURSOR.exec(Buffer.from(cursor, "base64url").toString("latin1")) ?? [];
  if (text === undefined || from === undefined || ![from, to ?? from].every(isSnapshot)) throw foreignCursor();
  if (to === undefined || changedIn === undefined) return from;
  if (!isXid(BigInt(changedIn))) throw foreignCursor();
  return { from, to, after: { changedIn, scanId: Number(scanId) } };
}

/** Whether Postgres accepts the text as a `pg_snapshot`: xmin and xmax, and the transactions between them in ascending order. */
function isSnapshot(text: Snapshot): boolean {
  const [xmin = 0n, xmax = 0n, ...running] = text.split(/[:,]/).filter(Boolean).map(BigInt);
  const inOrder = [xmin, ...running].every((xid, i, all) => xid >= (all[i - 1] ?? 1n));
  return inOrder && xmin <= xmax && isXid(xmax) && running.every((xid) => xid < xmax);
}

function isXid(xid: bigint): boolean {
  return xid <= LARGEST_XID;
}

/** The error for a cursor of another list or another database. */
export function foreignCursor(): GatewayError {
  return badInput("after", "is not a cursor of this feed");
}
