import { rootCertificates } from "node:tls";
import { Agent, interceptors, Pool, ProxyAgent, request, type buildConnector, type Dispatcher } from "undici";
import { OperatorError } from "../../schema/operator-error.js";
import { reasonOf } from "../contract.js";

const CONNECT_MS = 30_000;
const SILENT_MS = 60_000;
const REDIRECTIONS = 5;

/** By which way servers are reached. */
export interface WebWay {
  readonly proxy?: string | undefined;
  /** Authorities (PEM) that are known besides those that Node knows. */
  readonly authority?: string | undefined;
  /** How long an answer may take, in milliseconds. */
  readonly answerMs?: number;
}

/** What is sent. */
export interface WebRequest {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Dispatcher.DispatchOptions["body"];
  readonly signal: AbortSignal;
}

/** An answer whose body is still to be read. */
export type WebAnswer = Pick<Dispatcher.ResponseData, "statusCode" | "headers" | "body">;

/** Asks web servers, and follows their redirections. */
export interface WebClient {
  send(method: "GET" | "PUT" | "POST", url: string, request: WebRequest): Promise<WebAnswer>;
  close(): Promise<void>;
}

export function createWebClient({ proxy, authority, answerMs = SILENT_MS }: WebWay): WebClient {
  const tls = authority === undefined ? {} : { ca: [...rootCertificates, authority] };
  const limits = { headersTimeout: answerMs, bodyTimeout: SILENT_MS };
  const direct =
    proxy === undefined
      ? new Agent({ ...limits, connect: { ...tls, timeout: CONNECT_MS } })
      : new ProxyAgent({
          ...limits,
          ...proxyOptions(proxy),
          proxyTunnel: false,
          requestTls: { ...tls, timeout: CONNECT_MS },
          proxyTls: tls,
          factory: createTunnels,
        });
  const dispatcher = direct.compose(interceptors.redirect({ maxRedirections: REDIRECTIONS }));
  return {
    send: (method, url, { headers = {}, body = null, signal }) => request(url, { dispatcher, method, headers, body, signal }),
    // What is still under way has been given up.
    close: () => direct.destroy(),
  };
}

/** The library asks a proxy that closes its connection again at once, for ever, unless the error is another one. */
function createTunnels(origin: URL, options: object): Dispatcher {
  const { connect } = options as { connect: buildConnector.connector };
  return new Pool(origin, {
    ...options,
    connect: (to, callback) =>
      connect(to, (...[error, socket]) => {
        if (error === null) callback(null, socket);
        else
          callback(
            new OperatorError(`The proxy of SCANMESH_FETCH_PROXY gives no way to ${to.hostname}: ${reasonOf(error)}.`),
            null,
          );
      }),
  });
}

/** Its name and password go in a header of their own. */
function proxyOptions(proxy: string): { uri: string; token?: string } {
  const url = new URL(proxy);
  const [name, password] = [decodeURIComponent(url.username), decodeURIComponent(url.password)];
  const token = name === "" ? {} : { token: `Basic ${Buffer.from(`${name}:${password}`).toString("base64")}` };
  return { uri: url.origin, ...token };
}
