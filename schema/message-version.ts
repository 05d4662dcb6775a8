/**
 * The version in which messages are written, which is one for all of them. A release reads its own and the one before, and writes the
 * lowest that anybody who is there announces: agents in their presence, gateways in Postgres.
 *
 * 1: every answer is a message of its own. 2: answers of an engine that are ready together are one message.
 */

/** The newest version that this release reads, and writes once everybody reads it. */
export const MESSAGE_VERSION = 2;

/** The oldest that it reads. Who announces none reads this one. */
export const OLD_MESSAGE_VERSION = MESSAGE_VERSION - 1;

/** The newest version that all of them read. One that is older still is not let in. */
export function commonVersion(announced: Iterable<number | undefined>): number {
  let common = MESSAGE_VERSION;
  for (const version of announced) common = Math.min(common, version ?? OLD_MESSAGE_VERSION);
  return Math.max(common, OLD_MESSAGE_VERSION);
}
