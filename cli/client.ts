/** A gateway as the command line uses it: the upload of a file, its scan, and what comes of it. */

import type { FileToSend } from "./file-source.js";
import { createAsk } from "./graphql-http.js";
import { createPatience, readRetryAfter, TryLater } from "./retry-after.js";
import { REPORT_FIELDS, type Report } from "./report.js";
import { OperatorError } from "../schema/operator-error.js";
import { putFile } from "./upload.js";
import { createWatch } from "./watch.js";
import { PACE, pollTransport, readScan, socketTransport, streamTransport } from "./watch-transports.js";

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
  /** A scan as it is now. */
  read(scanId: number, signal: AbortSignal): Promise<Report>;
  /** Each change of a scan until it is final. Comes back by itself after a lost connection. */
  watch(scanId: number, signal: AbortSignal): AsyncIterableIterator<Report>;
  /** Throws {@link OperatorError} if no gateway answers. */
  check(signal: AbortSignal): Promise<void>;
}

const CREATE_UPLOAD = "mutation CreateUpload { createUpload { id } }";
const SUBMIT = `mutation Submit($input: SubmitScanInput!) {
  submitScan(input: $input) { ... on SubmitScanSuccess { scan { ${REPORT_FIELDS} } } ... on UserError { message } }
}`;

/** `tell` is told when the gateway asks to wait, and when scans are watched in another way. */
export function createGatewayClient(url: string, apiKey: string | undefined, tell: (line: string) => void, pace = PACE): Client {
  const patiently = createPatience(tell);
  const ask = createAsk(url, apiKey, patiently, pace.answerMs);
  const transports = [socketTransport(url, apiKey, pace), streamTransport(url, apiKey, pace), pollTransport(ask, pace)];

  return {
    url,
    async upload(file, signal) {
      const { createUpload } = await ask<{ createUpload: { id: string } }>(CREATE_UPLOAD, {}, signal);
      const { status, text } = await patiently(async () => {
        const answer = await putFile(url, `/upload/${createUpload.id}`, file, signal);
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
    read: (scanId, signal) => readScan(ask, scanId, signal),
    watch: createWatch(transports, { ask, patiently, tell, pace }),
    async check(signal) {
      await ask("{ __typename }", {}, signal);
    },
  };
}

export function readError(text: string): string | undefined {
  try {
    const { error } = JSON.parse(text) as { error?: unknown };
    return error === undefined ? undefined : String(error);
  } catch (error) {
    // It is a proxy's own page, or half an answer: the caller tells the status instead.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
