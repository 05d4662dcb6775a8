import { readFileSync } from "node:fs";
import { connect, credsAuthenticator, Events, NatsError, type NatsConnection } from "nats";
import type { Logger } from "pino";
import type { InternetClass } from "../../schema/classes.js";
import { accountName } from "../../schema/subjects.js";
import type { GatewayConfig } from "../config.js";
import { GatewayError } from "../errors.js";

/** A connection that is kept for the life of the process: made in the background, made again whenever it is lost. */
export interface Connection {
  /** The connection while it is up. Throws UNAVAILABLE otherwise. */
  up(): NatsConnection;
  isUp(): boolean;
  /** What an operator has to put right before it is up, if that is known. */
  hindrance(): string | undefined;
  close(): Promise<void>;
}

/** What is done after each (re)connection before the connection counts as up; repeated until it succeeds or the connection is lost. */
export type Prepare = (nc: NatsConnection) => Promise<void>;

/** Why a connection cannot be made ready: one sentence for the operator, who alone can put it right. */
export class Hindrance extends Error {
  override readonly name = "Hindrance";
}

const RETRY_MS = 250;

/** Keeps a connection to an account of the class. `purpose` names it on the server. */
export function keepConnection(
  config: GatewayConfig,
  internet: InternetClass,
  purpose: string,
  log: Logger,
  prepare: Prepare,
): Connection {
  let nc: NatsConnection | undefined;
  let ready = false;
  let closed = false;
  let epoch = 0;
  let hindrance: string | undefined;
  const account = accountName(internet);
  const creds = readFileSync(config.credsFiles[internet]);

  async function makeReady(connection: NatsConnection): Promise<void> {
    const mine = ++epoch;
    let told = "";
    while (!closed && mine === epoch) {
      try {
        await prepare(connection);
        if (mine === epoch) [ready, hindrance] = [true, undefined];
        return;
      } catch (error) {
        hindrance = error instanceof Hindrance ? error.message : undefined;
        if (String(error) !== told) {
          if (hindrance === undefined) log.warn({ account, purpose, err: error }, "the bus is not ready yet");
          else log.error({ account, purpose }, hindrance);
        }
        told = String(error);
        await pause(RETRY_MS);
      }
    }
  }

  async function run(): Promise<void> {
    while (!closed) {
      try {
        nc = await connect({
          servers: [...config.servers],
          authenticator: credsAuthenticator(creds),
          name: `gateway ${purpose}`,
          maxReconnectAttempts: -1,
          reconnectTimeWait: RETRY_MS,
          reconnectJitter: RETRY_MS,
          pingInterval: 5_000,
          maxPingOut: 2,
          // A stack trace is made for every request otherwise, whether it fails or not.
          noAsyncTraces: true,
          // What a gateway tells all gateways it knows already.
          noEcho: true,
          ignoreAuthErrorAbort: true,
        });
      } catch (error) {
        log.warn({ account, purpose, err: error }, "NATS does not answer");
        await pause(4 * RETRY_MS);
        continue;
      }
      if (closed) return void (await nc.close());
      await follow(nc);
    }
  }

  /** Until the connection is closed for good: by us, or because the server does not let it in any more. */
  async function follow(connection: NatsConnection): Promise<void> {
    void makeReady(connection);
    void watchStatus(connection);
    await connection.closed();
    ready = false;
    epoch += 1;
  }

  async function watchStatus(connection: NatsConnection): Promise<void> {
    for await (const status of connection.status()) {
      if (status.type === Events.Disconnect) {
        [ready, hindrance] = [false, undefined];
        epoch += 1;
        log.warn({ account, purpose }, "NATS connection lost");
      } else if (status.type === Events.Reconnect) {
        log.info({ account, purpose }, "NATS connection is back");
        void makeReady(connection);
      }
    }
  }

  const running = run();
  return {
    isUp: () => ready,
    hindrance: () => hindrance,
    up() {
      if (!ready || nc === undefined) throw unavailable();
      return nc;
    },
    async close() {
      closed = true;
      ready = false;
      await nc?.close();
      await running;
    },
  };
}

/** The one refusal while the bus is away. */
export function unavailable(cause?: unknown): GatewayError {
  return new GatewayError("UNAVAILABLE", "the message bus is not reachable", { retryAfter: 2, cause });
}

/** Whether an error of the bus says that the bus is away or slow, and not that a request was wrong. */
export function isAway(error: unknown): boolean {
  return (
    error instanceof NatsError &&
    ["TIMEOUT", "503", "CONNECTION_CLOSED", "CONNECTION_DRAINING", "DISCONNECT"].includes(error.code)
  );
}

/** JetStream's own error number, e.g. 10077 for a stream that is full. */
export function streamErrorCode(error: unknown): number | undefined {
  return error instanceof NatsError ? error.api_error?.err_code : undefined;
}

const REMOVES_IN_FLIGHT = 16;
const GONE = new Set([10_037, 10_057]);

/** Deletes messages of a stream by sequence, in that order; one that is gone already is fine. */
export async function removeMessages(nc: NatsConnection, stream: string, seqs: readonly number[]): Promise<void> {
  const jsm = await nc.jetstreamManager({ checkAPI: false });
  const removeOne = async (seq: number) => {
    try {
      await jsm.streams.deleteMessage(stream, seq, false);
    } catch (error) {
      const code = streamErrorCode(error);
      if (code === undefined || !GONE.has(code)) throw isAway(error) ? unavailable(error) : error;
    }
  };
  for (let i = 0; i < seqs.length; i += REMOVES_IN_FLIGHT) {
    await Promise.all(seqs.slice(i, i + REMOVES_IN_FLIGHT).map(removeOne));
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
