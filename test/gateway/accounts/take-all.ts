import type { NatsConnection } from "nats";
import { presenceSubject } from "../../../schema/subjects.js";
import type { AttackedBus, Loosened } from "./attacked-bus.js";

/** How many connections, subscriptions and bytes NATS takes of one agent that wants more of each. */
export async function takeAll(
  bus: AttackedBus,
  loosened: Loosened,
): Promise<{ connections: number; subscriptions: number; bytes: number }> {
  const connect = await bus.attacker(loosened);
  const connections: NatsConnection[] = [];
  // One after the other: on a busy machine NATS gives up on some of many that come at once.
  for (let n = 0; n < 20; n++) {
    const nc = await connect().catch(() => undefined);
    if (nc) connections.push(nc);
  }
  const [first] = connections;
  if (first === undefined) throw new Error("NATS takes no connection of the agent");
  let heard = 0;
  for (let n = 0; n < 1_100; n++) first.subscribe("_INBOX.attacker.many", { callback: () => void (heard += 1) });
  first.publish("_INBOX.attacker.many");
  await first.flush();
  let bytes = 0;
  bus.nc.subscribe(presenceSubject("attacker"), { callback: (_, { data }) => void (bytes = Math.max(bytes, data.length)) });
  await bus.nc.flush();
  // An attacker's client keeps to nothing that NATS tells it.
  if (first.info) first.info.max_payload = 1_000_000;
  first.publish(presenceSubject("attacker"), new Uint8Array(900));
  // NATS ends the connection, or has taken the message.
  await Promise.race([first.closed(), first.flush()]);
  await bus.nc.flush();
  await Promise.all(connections.map((nc) => nc.close()));
  return { connections: connections.length, subscriptions: heard, bytes };
}
