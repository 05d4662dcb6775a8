import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type Docker from "dockerode";
import { createAbortController } from "../../../schema/abort-controller.js";
import type { DockerAddress } from "./config.js";
import { reasonOf, TimedOut, Unavailable } from "../../contract.js";
import { within } from "../../within.js";

const CALL_MS = 20_000;
const PING_MS = 5_000;
const DEFAULT_SOCKET = "/var/run/docker.sock";

/** The daemon cannot be reached or does not answer. */
export class DockerAway extends Unavailable {
  override readonly name = "DockerAway";
  override readonly isPassing = true;
}

/** The daemon refused a request; `status` is that of its HTTP answer. */
export class DockerRefused extends Unavailable {
  override readonly name = "DockerRefused";
  constructor(
    message: string,
    readonly status: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The Docker daemon; every request has a time limit. */
export interface DockerDaemon {
  /**
   * Sends a request; `what` completes "Docker refuses to". The signal is for requests that are answered in one message; it aborts
   * when the time limit has passed. Throws {@link DockerAway} or {@link DockerRefused}.
   */
  ask<T>(what: string, call: (docker: Docker, signal: AbortSignal) => Promise<T>, timeoutMs?: number): Promise<T>;
  /** Throws {@link DockerAway} if it does not answer. */
  ping(): Promise<void>;
}

/** Whether there may be a daemon at all: one is named, or this host's has its socket. */
export function hasDaemon({ host }: DockerAddress): boolean {
  return host !== undefined || existsSync(DEFAULT_SOCKET);
}

/** The daemon at an address; nothing is sent yet. */
export function openDaemon(address: DockerAddress): DockerDaemon {
  let docker: Docker | undefined;
  const ask: DockerDaemon["ask"] = async (what, call, timeoutMs = CALL_MS) => {
    const timeout = createAbortController();
    try {
      // Loaded only where it is used: it is a quarter of all that an agent loads.
      const { default: Client } = await import("dockerode");
      // Reads the certificates: if that fails, the daemon cannot be reached.
      docker ??= new Client(dockerOptions(address));
      return await within(timeoutMs, call(docker, timeout.signal));
    } catch (error) {
      timeout.abort();
      throw toUnavailable(what, error);
    }
  };
  return {
    ask,
    async ping() {
      // The types do not know that a ping can be aborted.
      await ask("answer", (on, abortSignal) => on.ping({ abortSignal } as never) as unknown as Promise<unknown>, PING_MS);
    },
  };
}

function toUnavailable(what: string, error: unknown): Error {
  if (error instanceof Unavailable) return error;
  if (error instanceof TimedOut)
    return new DockerAway(`Docker does not answer within ${error.afterMs / 1000} s`, { cause: error });
  const status = statusOf(error);
  if (status === undefined) return new DockerAway(`cannot reach Docker (${reasonOf(error)})`, { cause: error });
  const reason = reasonOf(error)
    .replace(/^\(HTTP code \d+\) [^-]*- /, "")
    .trim();
  return new DockerRefused(`Docker refuses to ${what}: ${reason}`, status, { cause: error });
}

function statusOf(error: unknown): number | undefined {
  return error instanceof Error && "statusCode" in error && typeof error.statusCode === "number" ? error.statusCode : undefined;
}

/** Complete options, so that the client library reads nothing from the environment. */
function dockerOptions({ host, certificates, tls }: DockerAddress): Docker.DockerOptions {
  const url = host === undefined ? undefined : new URL(host);
  if (url === undefined || url.protocol === "unix:") return { host: "", socketPath: url?.pathname ?? DEFAULT_SOCKET };
  const at = { host: url.hostname, port: url.port || (tls ? 2376 : 2375) };
  if (!tls && url.protocol !== "https:") return { ...at, protocol: "http" };
  const pem = (name: string) => (certificates === undefined ? {} : { [name]: readFileSync(join(certificates, `${name}.pem`)) });
  return { ...at, protocol: "https", ...pem("ca"), ...pem("cert"), ...pem("key") };
}
