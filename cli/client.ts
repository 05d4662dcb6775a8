/** A gateway as the command line uses it: GraphQL over HTTP and WebSocket, and the upload of a file. */

import { setTimeout as pause } from "node:timers/promises";
import { CloseCode, createClient, type FormattedExecutionResult } from "graphql-ws";
import { WebSocket } from "ws";
import type { FileToSend } from "./file-source.js";
import { answerCut, gatewayAddress, keyNeeded, notAGateway, unreachable } from "./gateway-address.js";
import { createPatience, isBearable, readRetryAfter, TryLater } from "./retry-after.js";
import { REPORT_FIELDS, type Report } from "./report.js";
import { OperatorError } from "../schema/operator-error.js";
import { putFile } from "./upload.js";

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
  upload(file: FileToSend, signal: AbortSignal): Promise<string>;
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

/** `tell` is told when the gateway asks to wait. */
export function createGatewayClient(url: string, apiKey: string | undefined, tell: (line: string) => void): Client {
  const patiently = createPatience(tell);
  const sockets = createClient({
    url: gatewayAddress(url, "/graphql").replace(/^http/, "ws"),
    webSocketImpl: WebSocket,
    ...(apiKey === undefined ? {} : { connectionParams: { apiKey } }),
    retryAttempts: RETRIES,
    retryWait: (retries) => pause(Math.min(250 * 2 ** retries, RETRY_MS)),
    // A key that is not taken now is not taken later.
    shouldRetry: (event) => !isUnauthorized(event),
  });

  const ask = <T>(query: string, variables: object, signal: AbortSignal): Promise<T> =>
    patiently(() => askOnce<T>(query, variables, signal), signal);

  async function askOnce<T>(query: string, variables: object, signal: AbortSignal): Promise<T> {
    const key = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
    const headers = { "content-type": "application/json", ...key };
    const body = JSON.stringify({ query, variables });
    const response = await fetch(gatewayAddress(url, "/graphql"), { method: "POST", headers, body, signal }).catch(
      (error: unknown) => {
        throw signal.aborted ? error : unreachable(url, error);
      },
    );
    const seconds = readRetryAfter(response.status, response.headers.get("retry-after"));
    if (seconds !== undefined) throw new TryLater(await refusalText(response), seconds);
    const { data, errors } = await readAnswer<T>(response, url);
    if (errors?.[0]?.extensions?.code === "UNAUTHENTICATED" && apiKey === undefined) throw keyNeeded(url);
    if (errors?.[0]) throw refusal(errors[0]);
    if (!data) throw notAGateway(url);
    return data;
  }

  return {
    url,
    async upload(file, signal) {
      const { createUpload } = await ask<{ createUpload: { id: string } }>(CREATE_UPLOAD, {}, signal);
      const { status, text } = await patiently(async () => {
        const answer = await putFile(url, createUpload.id, file, signal);
        const seconds = readRetryAfter(answer.status, answer.retryAfter);
        if (seconds !== undefined) throw new TryLater(readError(answer.text) ?? `HTTP ${answer.status}`, seconds);
        return answer;
      }, signal);
      if (status !== 201) throw new OperatorError(readError(text) ?? `the gateway answered ${status}`);
      return createUpload.id;
    },
    async submit(uploadId, name, options, signal) {
      const input = { uploadId, name, ...options };
      const { submitScan } = await ask<{ submitScan: { scan: Report } | { message: string } }>(SUBMIT, { input }, signal);
      if ("message" in submitScan) throw new OperatorError(submitScan.message);
      return submitScan.scan;
    },
    async *watch(scanId, signal) {
      let results: AsyncGenerator<Report> | undefined;
      // The first report comes, or the refusal does.
      const first = await patiently(async () => {
        const events = sockets.iterate<{ scanUpdated: Report }>({ query: WATCH, variables: { id: scanId } });
        signal.addEventListener("abort", () => void events.return?.(), { once: true });
        results = reports(events, url);
        return results.next();
      }, signal);
      if (first.done) return;
      yield first.value;
      if (results) yield* results;
    },
    async check(signal) {
      await ask("{ __typename }", {}, signal);
    },
    close: async () => sockets.dispose(),
  };
}

interface GraphQLProblem {
  readonly message: string;
  readonly extensions?: { readonly code?: unknown; readonly retryAfter?: unknown };
}

interface GraphQLAnswer<T> {
  readonly data?: T | null;
  readonly errors?: readonly GraphQLProblem[];
}

/** The error of an operation, which may ask to come again later. */
function refusal({ message, extensions }: GraphQLProblem): OperatorError {
  const seconds = extensions?.retryAfter;
  return typeof seconds === "number" && isBearable(seconds) ? new TryLater(message, seconds) : new OperatorError(message);
}

async function refusalText(response: Response): Promise<string> {
  const text = await response.text();
  try {
    const { error, errors } = JSON.parse(text) as { error?: string; errors?: readonly GraphQLProblem[] };
    return error ?? errors?.[0]?.message ?? `HTTP ${response.status}`;
  } catch (error) {
    if (error instanceof SyntaxError) return `HTTP ${response.status}`;
    throw error;
  }
}

async function readAnswer<T>(response: Response, url: string): Promise<GraphQLAnswer<T>> {
  if (!response.headers.get("content-type")?.includes("json")) throw notAGateway(url);
  const answer = (await response.json().catch((cause: unknown) => {
    throw answerCut(url, cause);
  })) as GraphQLAnswer<T> & { error?: string };
  if (answer.error !== undefined) throw new OperatorError(answer.error);
  return answer;
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
      if (errors?.[0]) throw refusal(errors[0]);
      if (data) yield data.scanUpdated;
    }
  } catch (error) {
    if (Array.isArray(error)) throw refusal(error[0] as GraphQLProblem);
    if (isUnauthorized(error)) throw new OperatorError(error.reason);
    throw error instanceof OperatorError ? error : unreachable(url, error);
  }
}

function isUnauthorized(event: unknown): event is { readonly reason: string } {
  return (event as { code?: unknown } | undefined)?.code === CloseCode.Unauthorized;
}
