import { connect as connectTls } from "node:tls";
import type { z } from "zod";
import { isCertificateError, isNameError } from "../../schema/certificate-error.js";
import { isJoinErrorCode, JoinError, type JoinErrorCode } from "../../schema/join-errors.js";
import { AUTHORITY_PATH, AuthorityAnswer, JoinRefusal } from "../../schema/join-messages.js";
import { OperatorError } from "../../schema/operator-error.js";
import { timeLimit } from "../../schema/time-limit.js";
import { reasonOf } from "../contract.js";
import { sendHttp, type HttpAnswer, type HttpRequest } from "./send-http.js";

const ANSWER_MS = 20_000;
const HANDSHAKE_MS = 5_000;

/** The gateway cannot answer now. */
export class GatewayBusy extends OperatorError {
  override readonly name = "GatewayBusy";
  constructor(
    message: string,
    readonly retryAfterMs: number,
  ) {
    super(message);
  }
}

/** A refusal with the gateway's clock, if it has told it. */
export class Refused extends JoinError {
  constructor(
    code: JoinErrorCode,
    detail: string | undefined,
    readonly gatewayTime: string,
  ) {
    super(code, detail);
  }
}

/** How a gateway is asked. */
export interface AskOptions {
  readonly signal?: AbortSignal | undefined;
  /** Authorities (PEM) that may have signed its certificate, besides those that Node knows. */
  readonly authority?: string | undefined;
}

/** Posts JSON to a gateway and parses the answer. Throws {@link JoinError}, and {@link GatewayBusy} if it is to be asked again later. */
export async function askGateway<T extends z.ZodType>(
  gateway: string,
  path: string,
  body: object,
  type: T,
  { signal, authority }: AskOptions = {},
): Promise<z.infer<T>> {
  const request = { method: "POST", body: JSON.stringify(body) } as const;
  return exchange(gateway, signal, async (limit) => {
    const answer = await sendTrusting(gateway + path, { ...request, signal: limit }, authority);
    if (answer.status >= 200 && answer.status < 300) return parse(gateway, type, answer.text);
    throw await explainStatus(gateway, answer);
  });
}

/**
 * The authority that a gateway names, whoever it is; undefined if it names none. The caller must have the gateway prove that it belongs to
 * the mesh.
 */
export async function fetchAuthority(gateway: string, signal?: AbortSignal): Promise<string | undefined> {
  return exchange(gateway, signal, async (limit) => {
    const answer = await sendHttp(gateway + AUTHORITY_PATH, { method: "GET", signal: limit, trust: "nothing" });
    return answer.status === 200 ? parse(gateway, AuthorityAnswer, answer.text).authority : undefined;
  });
}

/** A proxy before the gateway may have a certificate that Node knows. */
async function sendTrusting(
  url: string,
  request: Omit<HttpRequest, "trust">,
  authority: string | undefined,
): Promise<HttpAnswer> {
  try {
    return await sendHttp(url, { ...request, trust: authority === undefined ? "known" : { authority } });
  } catch (error) {
    const code = codeOf(error);
    if (authority === undefined || !isCertificateError(code) || isNameError(code)) throw error;
    return sendHttp(url, { ...request, trust: "known" });
  }
}

async function exchange<R>(
  gateway: string,
  signal: AbortSignal | undefined,
  work: (limit: AbortSignal) => Promise<R>,
): Promise<R> {
  const limit = timeLimit(ANSWER_MS, signal);
  try {
    return await work(limit.signal);
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof OperatorError) throw error;
    if (limit.isOver()) throw new GatewayBusy(`The gateway at ${gateway} has not answered within ${ANSWER_MS / 1_000} s.`, 1_000);
    throw await explainFailure(gateway, error);
  } finally {
    limit.clear();
  }
}

function parse<T extends z.ZodType>(gateway: string, type: T, text: string): z.infer<T> {
  const { data, success } = type.safeParse(readJson(text));
  if (!success) throw new JoinError("NOT_A_GATEWAY", gateway);
  return data;
}

async function explainStatus(gateway: string, { status, headers, text }: HttpAnswer): Promise<Error> {
  const { data } = JoinRefusal.safeParse(readJson(text));
  if (data && isJoinErrorCode(data.code)) return new Refused(data.code, data.detail, data.time);
  if ([429, 502, 503, 504].includes(status)) {
    const seconds = Number(headers["retry-after"] ?? 2);
    return new GatewayBusy(
      `The gateway at ${gateway} cannot answer now (${status}).`,
      Math.min(Math.max(seconds, 1), 30) * 1_000,
    );
  }
  if (status === 400 && gateway.startsWith("http:") && (await speaksTls(gateway))) return new JoinError("PLAIN_HTTP", gateway);
  return new JoinError("NOT_A_GATEWAY", `${gateway} answers ${status}`);
}

async function explainFailure(gateway: string, error: unknown): Promise<JoinError> {
  const code = codeOf(error);
  const told = { cause: error };
  const detail = `${gateway}: ${code ?? reasonOf(error)}`;
  if (isNameError(code)) return new JoinError("ADDRESS_NOT_CERTIFIED", detail, told);
  if (isCertificateError(code)) return new JoinError("AUTHORITY_UNKNOWN", detail, told);
  if (gateway.startsWith("https:") && (code === "EPROTO" || code?.startsWith("ERR_SSL_")))
    return new JoinError("NO_TLS", detail, told);
  const isCut = code?.startsWith("HPE_") || code === "ECONNRESET";
  if (gateway.startsWith("http:") && isCut && (await speaksTls(gateway))) return new JoinError("PLAIN_HTTP", detail, told);
  return new JoinError("GATEWAY_UNREACHABLE", detail, told);
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}

/** Whether TLS is spoken at an address, whatever the certificate. */
function speaksTls(gateway: string): Promise<boolean> {
  const { hostname, port } = new URL(gateway);
  return new Promise((resolve) => {
    const options = { host: hostname.replace(/^\[|\]$/g, ""), port: Number(port || 80), rejectUnauthorized: false };
    const socket = connectTls({ ...options, timeout: HANDSHAKE_MS });
    const end = (speaks: boolean) => {
      socket.destroy();
      resolve(speaks);
    };
    socket.once("secureConnect", () => end(true));
    socket.once("error", () => end(false));
    socket.once("timeout", () => end(false));
  });
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
