import { connect as connectTls } from "node:tls";
import type { z } from "zod";
import { isJoinErrorCode, JoinError, type JoinErrorCode } from "../../schema/join-errors.js";
import { JoinRefusal } from "../../schema/join-messages.js";
import { OperatorError } from "../../schema/operator-error.js";
import { timeLimit } from "../../schema/time-limit.js";
import { hasCode, reasonOf } from "../contract.js";

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

/** Posts JSON to a gateway and parses the answer. Throws {@link JoinError}, and {@link GatewayBusy} if it is to be asked again later. */
export async function askGateway<T extends z.ZodType>(
  gateway: string,
  path: string,
  body: object,
  type: T,
  signal?: AbortSignal,
): Promise<z.infer<T>> {
  const limit = timeLimit(ANSWER_MS, signal);
  try {
    const headers = { "content-type": "application/json" };
    const init = { method: "POST", headers, body: JSON.stringify(body), redirect: "manual", signal: limit.signal } as const;
    const answer = await fetch(gateway + path, init);
    const text = await answer.text();
    if (answer.ok) return parse(gateway, type, text);
    throw await explainStatus(gateway, answer, text);
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

async function explainStatus(gateway: string, { status, headers }: Response, text: string): Promise<Error> {
  const { data } = JoinRefusal.safeParse(readJson(text));
  if (data && isJoinErrorCode(data.code)) return new Refused(data.code, data.detail, data.time);
  if ([429, 502, 503, 504].includes(status)) {
    const seconds = Number(headers.get("retry-after") ?? 2);
    return new GatewayBusy(
      `The gateway at ${gateway} cannot answer now (${status}).`,
      Math.min(Math.max(seconds, 1), 30) * 1_000,
    );
  }
  if (status === 400 && gateway.startsWith("http:") && (await speaksTls(gateway))) return new JoinError("PLAIN_HTTP", gateway);
  return new JoinError("NOT_A_GATEWAY", `${gateway} answers ${status}`);
}

const CERTIFICATE = /^(UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|CERT_|ERR_TLS_CERT_|INVALID_CA|PATH_LENGTH_|HOSTNAME_MISMATCH)/;

async function explainFailure(gateway: string, error: unknown): Promise<JoinError> {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : undefined;
  const told = { cause: error };
  const detail = `${gateway}: ${code ?? reasonOf(cause)}`;
  if (code !== undefined && CERTIFICATE.test(code)) return new JoinError("AUTHORITY_UNKNOWN", detail, told);
  if (code === "EPROTO" || code?.startsWith("ERR_SSL_")) return new JoinError("NO_TLS", detail, told);
  const isCut = code?.startsWith("HPE_") || hasCode(cause, "ECONNRESET", "UND_ERR_SOCKET");
  if (gateway.startsWith("http:") && isCut && (await speaksTls(gateway))) return new JoinError("PLAIN_HTTP", detail, told);
  return new JoinError("GATEWAY_UNREACHABLE", detail, told);
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
