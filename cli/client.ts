/** A gateway as the command line uses it: GraphQL over HTTP and WebSocket, and the upload of a file. */

import { setTimeout as pause } from "node:timers/promises";
import { CloseCode, createClient, type FormattedExecutionResult } from "graphql-ws";
import { WebSocket } from "ws";
import type { FileToSend } from "./file-source.js";
import { answerCut, gatewayAddress, keyNeeded, notAGateway, unreachable } from "./gateway-address.js";
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

export function createGatewayClient(url: string, apiKey?: string): Client {
  const sockets = createClient({
    url: gatewayAddress(url, "/graphql").replace(/^http/, "ws"),
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
    const response = await fetch(gatewayAddress(url, "/graphql"), { method: "POST", headers, body, signal }).catch(
      (error: unknown) => {
        throw signal.aborted ? error : unreachable(url, error);
      },
    );
    const { data, errors } = await readAnswer<T>(response, url);
    if (errors?.[0]?.extensions?.code === "UNAUTHENTICATED" && apiKey === undefined) throw keyNeeded(url);
    if (errors?.[0]) throw new OperatorError(errors[0].message);
    if (!data) throw notAGateway(url);
    return data;
  }

  return {
    url,
    async upload(file, signal) {
      const { createUpload } = await ask<{ createUpload: { id: string } }>(CREATE_UPLOAD, {}, signal);
      const { status, text } = await putFile(url, createUpload.id, file, signal);
      if (status !== 201) throw new OperatorError(readError(text) ?? `the gateway answered ${status}`);
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
