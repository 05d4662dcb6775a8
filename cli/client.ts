/** A gateway as the command line uses it: GraphQL over HTTP and WebSocket, and the upload of a file. */

import { createReadStream } from "node:fs";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { pipeline } from "node:stream/promises";
import { setTimeout as pause } from "node:timers/promises";
import { CloseCode, createClient, type FormattedExecutionResult } from "graphql-ws";
import { WebSocket } from "ws";
import { REPORT_FIELDS, type Report } from "./report.js";
import { OperatorError } from "../schema/operator-error.js";

export interface ScanOptions {
  readonly speed: string;
  readonly internet: boolean;
  /** The engines to ask, by name; undefined: all that the rest lets in. */
  readonly engines: readonly string[] | undefined;
  /** Seconds; undefined: the mesh's setting. */
  readonly deadline: number | undefined;
}

export interface Client {
  readonly url: string;
  /** Sends a file's bytes; the upload's id. */
  upload(path: string, size: number, signal: AbortSignal): Promise<string>;
  submit(uploadId: string, name: string, options: ScanOptions, signal: AbortSignal): Promise<Report>;
  /** Each change of a scan until it is final. Comes back by itself after a lost connection. */
  watch(scanId: number, signal: AbortSignal): AsyncIterableIterator<Report>;
  /** Throws {@link OperatorError} if no gateway answers. */
  check(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

const CREATE_UPLOAD = "mutation CreateUpload { createUpload { id } }";
const SUBMIT = `mutation Submit($input: SubmitScanInput!) {
  submitScan(input: $input) { ... on SubmitScanSuccess { scan { ${REPORT_FIELDS} } } ... on UserError { message } }
}`;
const WATCH = `subscription Watch($id: SafeInt!) { scanUpdated(id: $id) { ${REPORT_FIELDS} } }`;
const RETRIES = 30;
const RETRY_MS = 4_000;

export function createGatewayClient(url: string, apiKey?: string): Client {
  const sockets = createClient({
    url: address(url, "/graphql").replace(/^http/, "ws"),
    webSocketImpl: WebSocket,
    ...(apiKey === undefined ? {} : { connectionParams: { apiKey } }),
    retryAttempts: RETRIES,
    retryWait: (retries) => pause(Math.min(250 * 2 ** retries, RETRY_MS)),
    // A key that is not taken now is not taken later.
    shouldRetry: (event) => !isUnauthorized(event),
  });

  async function ask<T>(query: string, variables: object, signal: AbortSignal): Promise<T> {
    const key = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
    const headers = { "content-type": "application/json", ...key };
    const body = JSON.stringify({ query, variables });
    const response = await fetch(address(url, "/graphql"), { method: "POST", headers, body, signal }).catch((error: unknown) => {
      throw signal.aborted ? error : unreachable(url, error);
    });
    const { data, errors } = await readAnswer<T>(response, url);
    if (errors?.[0]?.extensions?.code === "UNAUTHENTICATED" && apiKey === undefined) throw keyNeeded(url);
    if (errors?.[0]) throw new OperatorError(errors[0].message);
    if (!data) throw notAGateway(url);
    return data;
  }

  return {
    url,
    async upload(path, size, signal) {
      const { createUpload } = await ask<{ createUpload: { id: string } }>(CREATE_UPLOAD, {}, signal);
      await put(address(url, `/upload/${createUpload.id}`), path, size, signal);
      return createUpload.id;
    },
    async submit(uploadId, name, options, signal) {
      const input = { uploadId, name, ...options };
      const { submitScan } = await ask<{ submitScan: { scan: Report } | { message: string } }>(SUBMIT, { input }, signal);
      if ("message" in submitScan) throw new OperatorError(submitScan.message);
      return submitScan.scan;
    },
    watch(scanId, signal) {
      const results = sockets.iterate<{ scanUpdated: Report }>({ query: WATCH, variables: { id: scanId } });
      signal.addEventListener("abort", () => void results.return?.(), { once: true });
      return reports(results, url);
    },
    async check(signal) {
      await ask("{ __typename }", {}, signal);
    },
    close: async () => sockets.dispose(),
  };
}

interface GraphQLAnswer<T> {
  readonly data?: T | null;
  readonly errors?: readonly { readonly message: string; readonly extensions?: { readonly code?: string } }[];
}

async function readAnswer<T>(response: Response, url: string): Promise<GraphQLAnswer<T>> {
  if (!response.headers.get("content-type")?.includes("json")) throw notAGateway(url);
  const answer = (await response.json().catch((cause: unknown) => {
    throw new OperatorError(`What the gateway at ${new URL(url).origin} answered did not arrive whole.`, { cause });
  })) as GraphQLAnswer<T> & { error?: string };
  if (answer.error !== undefined) throw new OperatorError(answer.error);
  return answer;
}

/** Streams a file as the body of a PUT; its length is told first, so that what is too large is refused before it is sent. */
async function put(url: string, path: string, size: number, signal: AbortSignal): Promise<void> {
  const send = url.startsWith("https:") ? httpsRequest : httpRequest;
  const outgoing = send(url, {
    method: "PUT",
    headers: { "content-type": "application/octet-stream", "content-length": size },
    signal,
  });
  const answered = new Promise<{ status: number; text: string }>((resolve, reject) => {
    outgoing.once("error", reject);
    outgoing.once("response", (incoming) => {
      let text = "";
      incoming.setEncoding("utf8").on("data", (part: string) => (text += part));
      incoming.once("error", reject).once("end", () => resolve({ status: incoming.statusCode ?? 0, text }));
    });
  });
  const sending = pipeline(size > 0 ? createReadStream(path, { end: size - 1 }) : [], outgoing).then(
    () => undefined,
    (error: unknown) => error,
  );
  const { status, text } = await answered.catch(async (error: unknown) => {
    signal.throwIfAborted();
    throw uploadFailure(url, (await sending) ?? error);
  });
  // A refusal comes before all is sent; what is left of the file is not wanted any more.
  outgoing.destroy();
  await sending;
  if (status !== 201) throw new OperatorError(readError(text) ?? `the gateway answered ${status}`);
}

function uploadFailure(url: string, error: unknown): OperatorError {
  const { syscall, code } = error as NodeJS.ErrnoException;
  return syscall === "open" || syscall === "read"
    ? new OperatorError(`cannot be read: ${code}`, { cause: error })
    : unreachable(url, error);
}

function readError(text: string): string | undefined {
  try {
    const { error } = JSON.parse(text) as { error?: unknown };
    return error === undefined ? undefined : String(error);
  } catch (error) {
    // A proxy answers with a page of its own, or with half an answer: the status is told then.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

async function* reports(
  results: AsyncIterable<FormattedExecutionResult<{ scanUpdated: Report }, unknown>>,
  url: string,
): AsyncGenerator<Report> {
  try {
    for await (const { data, errors } of results) {
      if (errors?.[0]) throw new OperatorError(errors[0].message);
      if (data) yield data.scanUpdated;
    }
  } catch (error) {
    if (Array.isArray(error)) throw new OperatorError(String(error[0]?.message));
    if (isUnauthorized(error)) throw new OperatorError(error.reason);
    throw error instanceof OperatorError ? error : unreachable(url, error);
  }
}

function isUnauthorized(event: unknown): event is { readonly reason: string } {
  return (event as { code?: unknown } | undefined)?.code === CloseCode.Unauthorized;
}

function address(url: string, path: string): string {
  return new URL(path, url).href;
}

function unreachable(url: string, error: unknown): OperatorError {
  const { code, message } = ((error as Error).cause ?? error) as NodeJS.ErrnoException;
  return new OperatorError(
    `The gateway at ${new URL(url).origin} cannot be reached: ${code ?? message ?? "the connection was closed"}.`,
    { cause: error },
  );
}

function keyNeeded(url: string): OperatorError {
  return new OperatorError(
    `The gateway at ${new URL(url).origin} asks for an API key: name one in SCANMESH_API_KEY or by --key (npm run api-keys makes one).`,
  );
}

function notAGateway(url: string): OperatorError {
  return new OperatorError(`What answers at ${new URL(url).origin} is not a ScanMesh gateway.`);
}
