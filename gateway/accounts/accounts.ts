/** The accounts of agents: Postgres is the truth, and NATS is brought in line with it. */

import { createAccount } from "@nats-io/jwt";
import type { Logger } from "pino";
import type { InternetClass } from "../../schema/classes.js";
import { JoinError } from "../../schema/join-errors.js";
import { engineToken } from "../../schema/subjects.js";
import { openResolver } from "../bus/resolver.js";
import type { GatewayConfig } from "../config.js";
import type { AccountFiles } from "./config.js";
import {
  findAccount,
  markConfirmed,
  readAccount,
  readAccounts,
  readUntold,
  updateEngines,
  upsertAccount,
  type AgentAccount,
} from "../db/agent-accounts.js";
import type { Database } from "../db/database.js";
import { openSigner } from "./claims.js";

/** An agent that gets an account. */
export interface JoiningAgent {
  readonly agent: string;
  /** The agent's public key; only the agent has the seed. */
  readonly publicKey: string;
  readonly internet: InternetClass;
  readonly engines: readonly string[];
}

/** What an agent needs to connect, besides its own seed. */
export interface AgentUser {
  /** Public key of its account. */
  readonly account: string;
  /** The signed JWT of its user. */
  readonly jwt: string;
  readonly expiresAt: Date;
}

/**
 * Accounts of agents on NATS. Changes are written to Postgres first. If NATS cannot be updated, they throw UNAVAILABLE, and NATS is updated
 * as soon as possible.
 */
export interface AgentAccounts {
  /**
   * Gives an agent an account. With the same key again, it returns the same account with the current engines; with another key, the
   * previous account is revoked. NATS knows the account when this resolves. Throws AGENT_UNKNOWN for a key that has not joined.
   */
  issueAgent(agent: JoiningAgent): Promise<AgentUser>;
  /** Signs the agent's user again; undefined if it has no account, or not any more. */
  renewUser(agent: string): Promise<AgentUser | undefined>;
  /** Signs a text with the key for agents' users, which agents know. */
  signText(text: Uint8Array): Uint8Array;
  /**
   * Sends NATS the changed accounts that it has not confirmed, of one agent or of all. Revoking an account closes the agent's connections
   * and refuses new ones.
   */
  tellChanges(agent?: string): Promise<void>;
  /** Lets an agent take work for exactly these engines. Does nothing if the agent has no account. */
  setEngines(agent: string, internet: InternetClass, engines: readonly string[]): Promise<void>;
  /** Revokes the user that agents of a class share. Returns whether NATS accepted it until now. */
  revokeSharedUser(internet: InternetClass, userKey: string): Promise<boolean>;
  /** Sends NATS every account that it has lost or that differs. Runs automatically after each connection. Returns how many there were. */
  restore(): Promise<number>;
  /** Asks NATS to reload its certificate, now or as soon as it is reachable. Servers before 2.10 reload only on a signal. */
  askReload(): void;
  /** Whether NATS is reachable. */
  connected(): boolean;
  close(): Promise<void>;
}

/** NATS ends a connection when its user expires. */
const USER_SECONDS = 24 * 60 * 60;
const RETRY_MS = 1_000;
/** How many accounts are sent to NATS concurrently. */
const PARALLEL = 8;

/** What the accounts depend on. */
export interface AccountParts {
  readonly config: GatewayConfig;
  readonly db: Database;
  readonly log: Logger;
  readonly userSeconds?: number;
}

/** Opens the accounts of agents. It connects to NATS in the background. */
export async function openAgentAccounts(files: AccountFiles, parts: AccountParts): Promise<AgentAccounts> {
  const { config, db, log, userSeconds = USER_SECONDS } = parts;
  const signer = await openSigner(config, files);
  const resolver = openResolver(config, files.systemCreds, log, () => {
    restoreSoon();
    if (mustReload) void reload();
  });
  let mustReload = false;
  let restoring: Promise<void> | undefined;
  let retry: NodeJS.Timeout | undefined;
  let closed = false;

  /** Sends NATS an account's claims until they match Postgres, since another gateway may change the account meanwhile. */
  async function tell(accountKey: string): Promise<void> {
    try {
      for (let told = ""; ;) {
        const account = await readAccount(db, accountKey);
        if (account === undefined) return;
        const claims = signer.claimsOf(account);
        if (claims.hash === told) return;
        await resolver.update(await signer.signAccount(account, claims));
        if (account.revokedAt !== null) await remove(account);
        await markConfirmed(db, accountKey, claims.hash);
        told = claims.hash;
      }
    } catch (error) {
      retryLater();
      throw error;
    }
  }

  /** Its claims allow nothing any more, so it does no harm if the server keeps it. */
  async function remove({ agent, accountKey }: AgentAccount): Promise<void> {
    try {
      await resolver.remove(await signer.signRemoval([accountKey]));
    } catch (error) {
      log.warn({ err: error, agent }, "NATS keeps the account of a revoked agent, which can do nothing");
    }
  }

  /** An account that NATS refuses does not hold up the others. */
  async function tellAll(accountKeys: readonly string[]): Promise<void> {
    const failures: unknown[] = [];
    for (let i = 0; i < accountKeys.length; i += PARALLEL) {
      const told = await Promise.allSettled(accountKeys.slice(i, i + PARALLEL).map(tell));
      failures.push(...told.flatMap((one) => (one.status === "rejected" ? [one.reason as unknown] : [])));
    }
    if (failures.length > 0) throw failures[0];
  }

  async function restore(): Promise<number> {
    const [known, accounts] = [await resolver.list(), await readAccounts(db)];
    const lost = accounts.filter((account) => {
      const isConfirmed = account.confirmed === signer.claimsOf(account).hash;
      return !isConfirmed || known.has(account.accountKey) !== (account.revokedAt === null);
    });
    await tellAll(lost.map(({ accountKey }) => accountKey));
    if (lost.length > 0) log.info({ accounts: lost.length }, "NATS was told of accounts of agents");
    return lost.length;
  }

  function retryLater(): void {
    retry ??= setTimeout(restoreSoon, RETRY_MS);
  }

  /** One at a time, retried on failure. While NATS is away nothing is done: the next connection starts a restore. */
  function restoreSoon(): void {
    clearTimeout(retry);
    retry = undefined;
    if (closed || !resolver.isUp()) return;
    if (restoring !== undefined) return retryLater();
    restoring = restore()
      .then(
        () => undefined,
        (error: unknown) => {
          log.warn({ err: error }, "cannot tell NATS of accounts of agents; retrying");
          retryLater();
        },
      )
      .finally(() => (restoring = undefined));
  }

  /** Repeated on the next connection if it fails: the operator may have fixed the server's files by then. */
  async function reload(): Promise<void> {
    try {
      const isAsked = await resolver.reload();
      mustReload = false;
      if (!isAsked) log.warn("this nats-server shows its certificate before until it is told by a signal to read it again");
    } catch (error) {
      log.warn({ err: error }, "cannot have NATS read its certificate again");
    }
  }

  async function signUser(account: AgentAccount): Promise<AgentUser> {
    const expiresAt = new Date(Date.now() + userSeconds * 1000);
    return { account: account.accountKey, jwt: await signer.signUser(account, userSeconds), expiresAt };
  }

  return {
    restore,
    askReload() {
      mustReload = true;
      if (resolver.isUp()) void reload();
    },
    connected: resolver.isUp,
    async issueAgent({ agent, publicKey, internet, engines }) {
      const account = await upsertAccount(db, {
        agent,
        internet: internet === "internet",
        accountKey: createAccount().getPublicKey(),
        userKey: publicKey,
        engines: tokensOf(engines),
      });
      if (!account) throw new JoinError("AGENT_UNKNOWN", agent);
      await tellAll([...new Set([...(await readUntold(db, agent)), account.accountKey])]);
      return signUser(account);
    },
    async renewUser(agent) {
      const account = await findAccount(db, agent);
      return account && (await signUser(account));
    },
    signText: signer.signText,
    tellChanges: async (agent) => tellAll(await readUntold(db, agent)),
    async setEngines(agent, internet, engines) {
      const account = await updateEngines(db, { agent, internet: internet === "internet" }, tokensOf(engines));
      if (account) await tell(account.accountKey);
    },
    async revokeSharedUser(internet, userKey) {
      const claims = await signer.signRevocation(await resolver.lookUp(signer.classKeys[internet]), userKey);
      if (claims !== undefined) await resolver.update(claims);
      return claims !== undefined;
    },
    async close() {
      closed = true;
      clearTimeout(retry);
      await resolver.close();
      await restoring;
    },
  };
}

function tokensOf(engines: readonly string[]): string[] {
  return [...new Set(engines.map(engineToken))].toSorted();
}
