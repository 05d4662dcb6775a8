import { createUser } from "@nats-io/jwt";
import { connect, jwtAuthenticator, type ConnectionOptions, type NatsConnection } from "nats";
import type { AgentAccounts } from "../../../gateway/accounts/accounts.js";
import { lockAgentName, setAgentKeyState, upsertAgentKey } from "../../../gateway/db/agent-keys.js";
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

/** Revokes the keys of an agent in Postgres; NATS is told by {@link AgentAccounts.tellChanges}, or soon by itself. */
export async function revokeKeys({ db }: Stage, agent: string): Promise<void> {
  await db.transaction().execute(async (tx) => {
    for (const { publicKey, state } of await lockAgentName(tx, agent))
      if (state === "JOINED") await setAgentKeyState(tx, publicKey, "REVOKED");
  });
}

/** Gives an agent an account; a key that it has before is revoked. */
export async function join(
  stage: Stage,
  gateway: LocalGateway,
  agent: string,
  engines: string[],
  internet: InternetClass = "isolated",
): Promise<JoinedAgent> {
  const key = createUser();
  const publicKey = key.getPublicKey();
  await revokeKeys(stage, agent);
  const entered = { publicKey, agent, class: internet, state: "JOINED", ephemeral: false, host: "h", version: "1" } as const;
  await stage.db.transaction().execute((tx) => upsertAgentKey(tx, entered));
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
