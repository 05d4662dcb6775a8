/** What an agent tries that turns on the bus. */

import type { headers, Msg, NatsConnection } from "nats";
import { presenceSubject } from "../../../schema/subjects.js";
import type { AttackedBus, Loosened } from "./attacked-bus.js";

export interface Attack {
  /** Tries it, and returns how much of others it has got, changed or removed. */
  readonly run: (attacker: NatsConnection, bus: AttackedBus) => Promise<number>;
  /** With this it succeeds. */
  readonly loosened: Loosened;
  /** What of the bus has to be opened too, until the result is called. */
  readonly open?: (bus: AttackedBus) => Promise<() => Promise<void>>;
  /** The first nats-server on which it can succeed. */
  readonly since?: string;
}

/** What an attacker's request is answered with; nothing if nobody answers. */
export async function ask(
  nc: NatsConnection,
  subject: string,
  body = "",
  options: { headers?: ReturnType<typeof headers> } = {},
) {
  // A pulled message keeps its own subject, so the answer needs an inbox of its own.
  return nc.request(subject, body, { timeout: 500, noMux: true, ...options }).then(
    (answer): Msg | undefined => answer,
    () => undefined,
  );
}

/** NATS has handled all that the attacker has sent: its own request comes after it. */
export async function handled(attacker: NatsConnection): Promise<void> {
  await ask(attacker, presenceSubject("attacker"), "here");
}

/** An import of a service. */
export const service = (name: string, account: string, subject: string, local = subject) =>
  ({ name, type: "service", account, subject, local_subject: local }) as const;
