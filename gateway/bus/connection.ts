import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { credsAuthenticator, Events, NatsError, type NatsConnection } from "nats";
import type { Logger } from "pino";
import type { InternetClass } from "../../schema/classes.js";
import { currentFile } from "../../schema/current-file.js";
import { connectNats } from "../../schema/nats/connect.js";
import { natsTls } from "../../schema/nats/tls.js";
import { OperatorError } from "../../schema/operator-error.js";
import { LARGEST_MESSAGE_BYTES } from "../../schema/streams.js";
import { accountName, GATEWAY_INBOX_PREFIX } from "../../schema/subjects.js";
import type { GatewayConfig } from "../config.js";
import { GatewayError } from "../errors.js";

/** A connection for the life of the process. It is opened in the background and reopened whenever it is lost. */
export interface Connection {
  /** The connection. Throws UNAVAILABLE unless it is up. */
  up(): NatsConnection;
  isUp(): boolean;
  /** How long it has been up without interruption; 0 while it is down. */
  upMs(): number;
  /** A sentence on what the operator must fix before the connection can be used, if that is why it is down. */
  problem(): string | undefined;
  close(): Promise<void>;
}

/**
 * Prepares a new connection; until then it does not count as up. Retried until it succeeds or the connection is lost. Throws OperatorError
 * for problems that only the operator can fix.
 */
export type Prepare = (nc: NatsConnection) => Promise<void>;

/** Time limit for storing or reading a chunk. */
export const CHUNK_TIMEOUT_MS = 10_000;

const RETRY_MS = 250;

/** Keeps a connection to the account of a class. `purpose` names it on the server. */
export function keepConnection(
  config: GatewayConfig,
  internet: InternetClass,
  purpose: string,
  log: Logger,
  prepare: Prepare,
): Connection {
  const user = { account: accountName(internet), credsFile: config.credsFiles[internet] };
  return keepConnectionOf(config, user, purpose, log, prepare);
}

/** The same for any account. */
export function keepConnectionOf(
  { servers, natsCaFile }: Pick<GatewayConfig, "servers" | "natsCaFile">,
  { account, credsFile }: { account: string; credsFile: string },
  purpose: string,
  log: Logger,
  prepare: Prepare,
): Connection {
  let nc: NatsConnection | undefined;
  let ready = false;
  let upSince = 0;
  let closed = false;
  let epoch = 0;
  let problem: string | undefined;
  let creds = readFileSync(credsFile);
  const tls = natsTls(servers, natsCaFile === undefined ? () => undefined : currentFile(natsCaFile));

  async function prepareUntilReady(connection: NatsConnection): Promise<void> {
    const mine = ++epoch;
    let logged = "";
    while (!closed && mine === epoch) {
      try {
        await prepare(connection);
        if (mine === epoch) [ready, problem, upSince] = [true, undefined, performance.now()];
        return;
      } catch (error) {
        problem = error instanceof OperatorError ? error.message : undefined;
        if (String(error) !== logged) {
          if (problem === undefined) log.warn({ account, purpose, err: error }, "cannot prepare the NATS connection; retrying");
          else log.error({ account, purpose }, problem);
        }
        logged = String(error);
        await pause(RETRY_MS);
      }
    }
  }

  /**
   * Reads the credentials from disk, because they may be replaced before they expire. If the file cannot be read, the previous ones are
   * used.
   */
  function readCredentials(): Uint8Array {
    try {
      const now = readFileSync(credsFile);
      if (now.includes("END USER NKEY SEED")) creds = now;
    } catch (error) {
      log.warn({ account, err: error }, "cannot read the credentials again");
    }
    return creds;
  }

  async function run(): Promise<void> {
    while (!closed) {
      try {
        const options = {
          servers: [...servers],
          ...tls,
          authenticator: (nonce?: string) => credsAuthenticator(readCredentials())(nonce),
          name: `gateway ${purpose}`,
          inboxPrefix: GATEWAY_INBOX_PREFIX,
          maxReconnectAttempts: -1,
          reconnectTimeWait: RETRY_MS,
          reconnectJitter: RETRY_MS,
          pingInterval: 5_000,
          maxPingOut: 2,
          // A gateway delivers its own hints to itself directly.
          noEcho: true,
          ignoreAuthErrorAbort: true,
        };
        nc = await connectNats(options, log);
      } catch (error) {
        log.warn({ account, purpose, err: error }, "cannot connect to NATS; retrying");
        await pause(4 * RETRY_MS);
        continue;
      }
      if (closed) return void (await nc.close());
      await follow(nc);
    }
  }

  /** Returns when the connection is closed for good: by us, or by the server because it no longer accepts the credentials. */
  async function follow(connection: NatsConnection): Promise<void> {
    void prepareUntilReady(connection);
    void watchStatus(connection);
    await connection.closed();
    ready = false;
    epoch += 1;
  }

  async function watchStatus(connection: NatsConnection): Promise<void> {
    for await (const status of connection.status()) {
      if (status.type === Events.Disconnect) {
        [ready, problem] = [false, undefined];
        epoch += 1;
        log.warn({ account, purpose }, "NATS connection lost; reconnecting");
      } else if (status.type === Events.Reconnect) {
        log.info({ account, purpose }, "NATS connection restored");
        void prepareUntilReady(connection);
      }
    }
  }

  const running = run();
  return {
    isUp: () => ready,
    upMs: () => (ready ? performance.now() - upSince : 0),
    problem: () => problem,
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

/** Throws OperatorError if the server's message limit is smaller than a chunk of a sample. */
export function requirePayload(nc: NatsConnection): void {
  const most = nc.info?.max_payload ?? LARGEST_MESSAGE_BYTES;
  if (most >= LARGEST_MESSAGE_BYTES) return;
  throw new OperatorError(
    `NATS takes messages of ${most} bytes at most, and chunks of samples have ${LARGEST_MESSAGE_BYTES} with their headers. ` +
      "Raise its max_payload to 1MB, which is its default, or more, and reload or restart it.",
  );
}

/** The error for callers while NATS cannot be reached. */
export function unavailable(cause?: unknown): GatewayError {
  return new GatewayError("UNAVAILABLE", "the message bus is not reachable", { retryAfter: 2, cause });
}

/** Whether an error means that NATS is away or slow, rather than that the request was wrong. */
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

/** The stream's `max_bytes` or the server's `max_file_store` is reached. */
const STREAM_FULL = 10_077;
const SERVER_FULL: ReadonlySet<number> = new Set([10_023, 10_047]);

/** Whether an error means that NATS has reached a storage limit: of the stream or the server, or only of the server. */
export function isFull(error: unknown, by: "stream or server" | "server"): boolean {
  const code = streamErrorCode(error);
  return code !== undefined && (SERVER_FULL.has(code) || (by === "stream or server" && code === STREAM_FULL));
}

const REMOVES_IN_FLIGHT = 16;
/** The message does not exist or was deleted. */
const MESSAGE_GONE = new Set([10_037, 10_057]);

/** Deletes messages of a stream by sequence, in the given order. Messages that are gone already are skipped. */
export async function removeMessages(nc: NatsConnection, stream: string, seqs: readonly number[]): Promise<void> {
  const jsm = await nc.jetstreamManager({ checkAPI: false });
  const removeOne = async (seq: number) => {
    try {
      await jsm.streams.deleteMessage(stream, seq, false);
    } catch (error) {
      const code = streamErrorCode(error);
      if (code === undefined || !MESSAGE_GONE.has(code)) throw isAway(error) ? unavailable(error) : error;
    }
  };
  for (let i = 0; i < seqs.length; i += REMOVES_IN_FLIGHT) {
    await Promise.all(seqs.slice(i, i + REMOVES_IN_FLIGHT).map(removeOne));
  }
}
