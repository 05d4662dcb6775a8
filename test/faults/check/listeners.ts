/** Who listens on the bus, as the server itself says: a subscription that ended unnoticed shows here alone. */

import type { NatsConnection } from "nats";
import type { Listeners } from "./evidence.js";

interface Subscriptions {
  readonly data?: { readonly subscriptions_list?: readonly { readonly account?: string }[] };
}

/** `system` is a connection to the system account; `account` the public key of the one that is asked about. */
export async function countListeners(
  system: NatsConnection,
  account: string,
  wanted: ReadonlyMap<string, number>,
): Promise<Listeners[]> {
  const found: Listeners[] = [];
  for (const [subject, count] of wanted) {
    const options = { subscriptions: true, account, test: subject, limit: 1_000 };
    const answer = await system.request("$SYS.REQ.SERVER.PING.SUBSZ", JSON.stringify(options), { timeout: 5_000 });
    found.push({ subject, wanted: count, found: answer.json<Subscriptions>().data?.subscriptions_list?.length ?? 0 });
  }
  return found;
}
