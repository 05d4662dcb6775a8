/** NATS's resolver: which accounts there are, and what their claims are. */

import { ErrorCode, NatsError } from "nats";
import type { Logger } from "pino";
import { z } from "zod";
import { parseMessage } from "../../schema/messages.js";
import { sendRequest } from "../../schema/nats/requests.js";
import { CLAIMS_DELETE, CLAIMS_LIST, CLAIMS_UPDATE, claimsLookup, serverReload } from "../../schema/subjects.js";
import type { GatewayConfig } from "../config.js";
import { isAway, keepConnectionOf, unavailable } from "./connection.js";

/** The accounts as NATS knows them. Every call throws UNAVAILABLE while NATS is away. */
export interface Resolver {
  isUp(): boolean;
  /** Sends the signed claims of an account. Once this resolves, NATS has them and has closed connections that they no longer allow. */
  update(claims: string): Promise<void>;
  /** Removes the accounts in a signed list and closes their connections. */
  remove(list: string): Promise<void>;
  /** The signed claims of an account, as NATS has them. */
  lookUp(account: string): Promise<string>;
  /** Tells the server to reload its configuration and certificate. Returns false if it does not support that (before 2.10). */
  reload(): Promise<boolean>;
  /** Public keys of all accounts. */
  list(): Promise<ReadonlySet<string>>;
  close(): Promise<void>;
}

const TIMEOUT_MS = 5_000;

const Failure = z.object({ code: z.number().default(0), description: z.string().default("") });
const Answer = z.union([z.object({ error: Failure }), z.object({ data: z.unknown() })]);
const ReloadAnswer = z.object({ error: Failure.optional() });
const AccountKeys = z.array(z.string()).nullable();

/** Connects in the background with the credentials of a user of the system account. `onUp` is called after each connection. */
export function openResolver(
  config: Pick<GatewayConfig, "servers" | "natsCaFile">,
  credsFile: string,
  log: Logger,
  onUp: () => void,
): Resolver {
  const connection = keepConnectionOf(config, { account: "SYS", credsFile }, "accounts", log, async () => {
    setImmediate(onUp);
  });

  async function send(subject: string, body: string): Promise<Uint8Array> {
    const nc = connection.up();
    try {
      return (await sendRequest(nc, subject, [Buffer.from(body)], { timeoutMs: TIMEOUT_MS })).data;
    } catch (error) {
      throw isAway(error) ? unavailable(error) : error;
    }
  }

  async function ask(subject: string, body: string): Promise<unknown> {
    const answer = parseMessage(Answer, await send(subject, body));
    if ("error" in answer) throw new Error(`NATS refuses the claims of an account: ${answer.error.description}`);
    return answer.data;
  }

  return {
    isUp: () => connection.isUp(),
    update: async (claims) => void (await ask(CLAIMS_UPDATE, claims)),
    remove: async (list) => void (await ask(CLAIMS_DELETE, list)),
    lookUp: async (account) => Buffer.from(await send(claimsLookup(account), "")).toString("utf8"),
    async reload() {
      const nc = connection.up();
      try {
        const { data } = await sendRequest(nc, serverReload(nc.info?.server_id ?? ""), [], { timeoutMs: TIMEOUT_MS });
        const answer = parseMessage(ReloadAnswer, data);
        if (answer.error) throw new Error(`NATS cannot read its configuration again: ${answer.error.description}`);
      } catch (error) {
        const code = error instanceof NatsError ? error.code : undefined;
        if (code === ErrorCode.NoResponders) return false;
        // Servers before 2.11 close the connection on a reload instead of answering.
        if (code !== ErrorCode.Disconnect) throw isAway(error) ? unavailable(error) : error;
      }
      return true;
    },
    list: async () => new Set(AccountKeys.parse(await ask(CLAIMS_LIST, ""))),
    close: () => connection.close(),
  };
}
