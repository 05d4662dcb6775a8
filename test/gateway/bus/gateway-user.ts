import { readFileSync } from "node:fs";
import { connect, credsAuthenticator, type NatsConnection } from "nats";
import type { InternetClass } from "../../../schema/classes.js";
import type { Stage } from "../../stage/stage.js";

/** A connection with a gateway's rights, as another gateway or an operator has one. */
export function connectAsGateway({ nats, keys }: Stage, internet: InternetClass = "isolated"): Promise<NatsConnection> {
  const authenticator = credsAuthenticator(readFileSync(keys.creds.gateway[internet]));
  return connect({ servers: nats().url, authenticator });
}
