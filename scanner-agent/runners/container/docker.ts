import { readFileSync } from "node:fs";
import { join } from "node:path";
import Docker from "dockerode";
import type { DockerAddress } from "../../config.js";
import { reasonOf, TimedOut, Unavailable } from "../../contract.js";
import { within } from "../../within.js";

const CALL_MS = 20_000;
const PING_MS = 5_000;
const DEFAULT_SOCKET = "/var/run/docker.sock";

/** The daemon cannot be reached or does not answer. */
export class DockerAway extends Unavailable {
  override readonly name = "DockerAway";
}

/** The daemon answered that it does not do what was asked. */
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

/** The daemon, asked in a way that cannot wait for ever. */
export interface DockerDaemon {
  /**
   * Asks; `what` completes "Docker refuses to". The signal is for calls whose answer is one message. Throws {@link DockerAway}
   * or {@link DockerRefused}.
   */
  ask<T>(what: string, call: (docker: Docker, signal: AbortSignal) => Promise<T>, timeoutMs?: number): Promise<T>;
  /** Throws {@link DockerAway} if it does not answer. */
  ping(): Promise<void>;
}

/** The daemon at an address; it is not reached yet. */
export function openDaemon(address: DockerAddress): DockerDaemon {
  let docker: Docker | undefined;
  const ask: DockerDaemon["ask"] = async (what, call, timeoutMs = CALL_MS) => {
    const giveUp = new AbortController();
    try {
      // Its certificates are read now, and what is wrong with them is why it cannot be reached.
      docker ??= new Docker(optionsOf(address));
      return await within(timeoutMs, call(docker, giveUp.signal));
    } catch (error) {
      giveUp.abort();
      throw refusal(what, error);
    }
  };
  return {
    ask,
    async ping() {
      // Its types do not know that it can be given up.
      await ask("answer", (on, abortSignal) => on.ping({ abortSignal } as never) as unknown as Promise<unknown>, PING_MS);
    },
  };
}

function refusal(what: string, error: unknown): Error {
  if (error instanceof Unavailable) return error;
  if (error instanceof TimedOut)
    return new DockerAway(`Docker does not answer within ${error.afterMs / 1000} s`, { cause: error });
  const status = statusOf(error);
  if (status === undefined) return new DockerAway(`Docker cannot be reached (${reasonOf(error)})`, { cause: error });
  const reason = reasonOf(error)
    .replace(/^\(HTTP code \d+\) [^-]*- /, "")
    .trim();
  return new DockerRefused(`Docker refuses to ${what}: ${reason}`, status, { cause: error });
}

function statusOf(error: unknown): number | undefined {
  return error instanceof Error && "statusCode" in error && typeof error.statusCode === "number" ? error.statusCode : undefined;
}

/** Everything is said here, so that the client library reads no environment of its own. */
function optionsOf({ host, certificates, tls }: DockerAddress): Docker.DockerOptions {
  const url = host === undefined ? undefined : new URL(host);
  if (url === undefined || url.protocol === "unix:") return { host: "", socketPath: url?.pathname ?? DEFAULT_SOCKET };
  const at = { host: url.hostname, port: url.port || (tls ? 2376 : 2375) };
  if (!tls && url.protocol !== "https:") return { ...at, protocol: "http" };
  const pem = (name: string) => (certificates === undefined ? {} : { [name]: readFileSync(join(certificates, `${name}.pem`)) });
  return { ...at, protocol: "https", ...pem("ca"), ...pem("cert"), ...pem("key") };
}
