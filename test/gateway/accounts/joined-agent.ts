import { createUser } from "@nats-io/jwt";
import { connect, jwtAuthenticator, type ConnectionOptions, type NatsConnection } from "nats";
import type { AgentAccounts } from "../../../gateway/accounts/accounts.js";
import type { LocalGateway, Stage } from "../../stage/stage.js";
import type { InternetClass } from "../../../schema/classes.js";
import { inboxPrefix } from "../../../schema/subjects.js";

/** An agent with an account of its own. */
export interface JoinedAgent {
  readonly agent: string;
  readonly publicKey: string;
  readonly account: string;
  /** Its user, as it was issued. */
  readonly jwt: string;
  connect(options?: ConnectionOptions & { jwt?: string }): Promise<NatsConnection>;
}

export function accountsOf(gateway: LocalGateway): AgentAccounts {
  const { accounts } = gateway.context;
  if (accounts === undefined) throw new Error("the gateway has no keys for agents' accounts");
  return accounts;
}

/** Gives an agent an account. */
export async function join(
  stage: Stage,
  gateway: LocalGateway,
  agent: string,
  engines: string[],
  internet: InternetClass = "isolated",
): Promise<JoinedAgent> {
  const key = createUser();
  const publicKey = key.getPublicKey();
  const { account, jwt: issued } = await accountsOf(gateway).issueAgent({ agent, publicKey, internet, engines });
  return {
    agent,
    publicKey,
    account,
    jwt: issued,
    connect: ({ jwt = issued, ...options } = {}) =>
      connect({
        servers: stage.nats().url,
        authenticator: jwtAuthenticator(jwt, key.getSeed()),
        inboxPrefix: inboxPrefix(agent),
        reconnect: false,
        ...options,
      }),
  };
}
