/** The claims that are signed for agents: of their accounts and users. */

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import {
  encodeAccount,
  encodeGeneric,
  encodeUser,
  decode,
  parseCreds,
  type Account,
  type KeyPair,
  type User,
} from "@nats-io/jwt";
import { AGENT_LIMITS, agentImports } from "../../schema/agent-account.js";
import { internetClass, type InternetClass } from "../../schema/classes.js";
import { agentPermissions } from "../../schema/subjects.js";
import type { GatewayConfig } from "../config.js";
import type { AccountFiles } from "./config.js";
import type { AgentAccount } from "../db/agent-accounts.js";
import { readSigningKey } from "./signing-key.js";

/** Users signed before this time are revoked, including users that are signed later with `keys`. In seconds: the end of the year 9999. */
const FOR_EVER = 253_402_300_799;

/** The claims of an account, before they are signed. */
export interface Claims {
  readonly account: Partial<Account>;
  /** Equal for equal claims. */
  readonly hash: string;
}

/** Signs claims for agents. */
export interface Signer {
  /** The claims of an agent's account. A revoked account may do nothing, and its users are refused. */
  claimsOf(account: AgentAccount): Claims;
  signAccount(account: AgentAccount, claims: Claims): Promise<string>;
  /** Signs a list of accounts to remove. */
  signRemoval(accountKeys: readonly string[]): Promise<string>;
  /** The claims of a class's account, signed again with a user revoked; undefined if the user is already revoked. */
  signRevocation(claims: string, userKey: string): Promise<string | undefined>;
  /** The public key of a class's account. */
  readonly classKeys: Readonly<Record<InternetClass, string>>;
  /** Signs the agent's user, valid for this many seconds. */
  signUser(account: AgentAccount, seconds: number): Promise<string>;
  /** Signs a text with the key that signs users. */
  signText(text: Uint8Array): Uint8Array;
}

/** Reads the keys. */
export async function openSigner(config: GatewayConfig, files: AccountFiles): Promise<Signer> {
  const [accountsKey, agentsKey] = (await Promise.all(
    [files.accountsKey, files.agentsKey].map(async (file) => readSigningKey(await readFile(file, "utf8"))),
  )) as [KeyPair, KeyPair];
  const classKeys: Record<InternetClass, string> = {
    isolated: await accountKeyOf(config.credsFiles.isolated),
    internet: await accountKeyOf(config.credsFiles.internet),
  };

  function accountOf({ agent, engines, internet, revokedAt }: AgentAccount): Partial<Account> {
    if (revokedAt !== null) {
      const everybody = { "*": Math.ceil(revokedAt.getTime() / 1000) };
      return { limits: { ...AGENT_LIMITS, conn: 0 }, revocations: everybody };
    }
    const account = classKeys[internetClass(internet)];
    return {
      limits: AGENT_LIMITS,
      signing_keys: [agentsKey.getPublicKey()],
      imports: agentImports({ agent, engines, account }),
    };
  }

  return {
    claimsOf(agentAccount) {
      const account = accountOf(agentAccount);
      return { account, hash: createHash("sha256").update(JSON.stringify(account)).digest("base64url") };
    },
    // Copied, because the library modifies it.
    signAccount: ({ agent, accountKey }, { account }) =>
      encodeAccount(`agent ${agent}`, accountKey, { ...account }, { signer: accountsKey }),
    signRemoval: (accounts) => encodeGeneric("accounts of agents", accountsKey, "generic", { accounts }),
    signText: (text) => agentsKey.sign(text),
    async signRevocation(claims, userKey) {
      const { name, sub, nats } = decode<Account>(claims);
      if (nats.revocations?.[userKey] !== undefined) return undefined;
      const revocations = { ...nats.revocations, [userKey]: FOR_EVER };
      return encodeAccount(name, sub, { ...nats, revocations }, { signer: accountsKey });
    },
    classKeys,
    signUser: ({ agent, accountKey, userKey }, seconds) =>
      encodeUser(`agent ${agent}`, userKey, accountKey, agentPermissions(agent) as Partial<User>, {
        signer: agentsKey,
        exp: Math.floor(Date.now() / 1000) + seconds,
      }),
  };
}

/** The public key of the account that a credentials file belongs to. */
async function accountKeyOf(credsFile: string): Promise<string> {
  return (await parseCreds(await readFile(credsFile))).aid;
}
