/** HTTPS next to HTTP: decrypted connections are passed to the same HTTP server, so that all routes and limits are the same. */

import { X509Certificate, createPrivateKey } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createServer, type TLSSocket } from "node:tls";
import type { Logger } from "pino";
import { OperatorError } from "../../schema/operator-error.js";
import type { HttpsConfig } from "./config.js";

/** A listener for HTTPS. */
export interface HttpsListener {
  readonly port: number;
  /** Stops accepting connections and resolves when the existing ones have ended. */
  close(): Promise<void>;
}

type Files = Pick<HttpsConfig, "certFile" | "keyFile">;

interface Pair {
  readonly cert: string;
  readonly key: string;
}

const HANDSHAKE_MS = 10_000;
/** How often the files are checked for a new certificate. */
const LOOK_MS = 1_000;

/** `onRenewed` is called when the certificate on disk was replaced. Throws {@link OperatorError} if certificate and key do not fit. */
export async function listenHttps(
  http: Server,
  { host, port, ...files }: HttpsConfig,
  log: Logger,
  onRenewed: () => void = () => {},
): Promise<HttpsListener> {
  let used = await readPair(files);
  checkPair(used, files);
  const server = createServer({ ...used, ALPNProtocols: ["http/1.1"], noDelay: true, handshakeTimeout: HANDSHAKE_MS });
  server.on("secureConnection", (socket: TLSSocket) => http.emit("connection", socket));
  server.on("tlsClientError", (error) => log.debug({ reason: error.message }, "a TLS handshake has failed"));
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(explainListen(error, host, port)));
    server.listen(port, host, resolve);
  });

  let logged = "";
  async function look(): Promise<void> {
    try {
      const now = await readPair(files);
      if (now.cert === used.cert && now.key === used.key) return;
      checkPair(now, files);
      server.setSecureContext(now);
      used = now;
      logged = "";
      log.info({ until: new X509Certificate(now.cert).validTo }, "a new certificate is used");
      onRenewed();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (reason !== logged) log.warn({ reason }, "the certificate on disk cannot be used; that before stays");
      logged = reason;
    }
  }
  const timer = setInterval(() => void look(), LOOK_MS).unref();

  return {
    port: (server.address() as AddressInfo).port,
    close() {
      clearInterval(timer);
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

async function readPair({ certFile, keyFile }: Files): Promise<Pair> {
  const [cert, key] = await Promise.all([read("SCANMESH_TLS_CERT", certFile), read("SCANMESH_TLS_KEY", keyFile)]);
  return { cert, key };
}

/** Throws {@link OperatorError}: while files are being replaced, they may be incomplete or belong to different certificates. */
function checkPair({ cert, key }: Pair, { certFile, keyFile }: Files): void {
  let fits: boolean;
  try {
    fits = new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
  } catch (error) {
    throw new OperatorError(
      `SCANMESH_TLS_CERT, SCANMESH_TLS_KEY: no certificate and key in PEM are in ${certFile} and ${keyFile}.`,
      {
        cause: error,
      },
    );
  }
  if (!fits) throw new OperatorError(`SCANMESH_TLS_KEY: ${keyFile} is not the key of the certificate in ${certFile}.`);
}

function explainListen(error: NodeJS.ErrnoException, host: string, port: number): Error {
  const why = { EADDRINUSE: "is taken by another program", EACCES: "may not be listened on by this user" }[error.code ?? ""];
  if (why !== undefined) return new OperatorError(`SCANMESH_TLS_PORT: ${port} on ${host} ${why}.`, { cause: error });
  if (error.code !== "EADDRNOTAVAIL" && error.code !== "ENOTFOUND") return error;
  return new OperatorError(`SCANMESH_TLS_HOST: this machine has no address ${host}.`, { cause: error });
}

async function read(setting: string, file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new OperatorError(`${setting}: ${file} cannot be read (${reason}).`, { cause: error });
  }
}
