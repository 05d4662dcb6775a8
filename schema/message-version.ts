/**
 * The version in which messages are written, one for all kinds. A release reads its own version and the one before, and writes the lowest
 * that anybody present announces: agents in their presence, gateways in Postgres.
 */

/** The newest version that this release reads, and writes as soon as everybody reads it. */
export const MESSAGE_VERSION = 2;

/** The oldest version that it reads, and that of a sender which announces none. */
export const OLD_MESSAGE_VERSION = MESSAGE_VERSION - 1;

/** The newest version that all of them read. Senders that are older still are not let in, and do not count. */
export function commonVersion(announced: Iterable<number | undefined>): number {
  let common = MESSAGE_VERSION;
  for (const version of announced) common = Math.min(common, version ?? OLD_MESSAGE_VERSION);
  return Math.max(common, OLD_MESSAGE_VERSION);
}
