import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { createAbortController } from "../schema/abort-controller.js";
import { say } from "./command.js";
import { exchange, type Exchange, type Received, type Request } from "./conformance-exchange.js";
import { createPatience, readRetryAfter, TryLater } from "./retry-after.js";

/** What a line of the contract is run on. Every request it makes is part of the report. */
export interface Target {
  send(path: string, request?: Request): Promise<Received>;
  /** A correct upload with these changes; `undefined` leaves a parameter out. */
  upload(changes?: Readonly<Record<string, unknown>>, path?: string): Promise<Received>;
  /** A scan of a sample that nobody has sent before. */
  scan(name?: string): Promise<UploadAnswer>;
  /** The report of a scan once it is complete. */
  complete(id: number): Promise<RestReport>;
  /** Notes that something must hold. */
  must(holds: boolean, what: string): void;
  /** Status, Content-Type and text of an error. */
  refused(answer: Received, status: number, error?: string): void;
}

export interface UploadAnswer {
  readonly id: number;
  readonly hashes: { readonly md5: string; readonly sha1: string; readonly sha256: string };
  readonly file: { readonly name: string; readonly size: number };
}

export interface RestReport extends Readonly<Record<string, unknown>> {
  readonly id: number;
  readonly end_date: string | null;
  readonly result: readonly Readonly<Record<string, unknown>>[];
}

/** One line of the contract. */
export interface Line {
  readonly section: string;
  readonly says: string;
  try(target: Target): Promise<void>;
}

export const line = (section: string, says: string, run: (target: Target) => Promise<void>): Line => ({
  section,
  says,
  try: run,
});
export const parseBody = <T>({ text }: { text: string }) => JSON.parse(text) as T;

export interface LineResult {
  readonly line: Line;
  readonly exchanges: readonly Exchange[];
  /** What does not hold; empty if the gateway keeps this line of the contract. */
  readonly broken: readonly string[];
}

const POLL_MS = 250;
const patiently = createPatience(say);

/** Tries one line. What cannot be read as it should be breaks it too. */
export async function tryLine(
  line: Line,
  base: string,
  headers: Readonly<Record<string, string>>,
  timeoutMs: number,
): Promise<LineResult> {
  const exchanges: Exchange[] = [];
  const broken: string[] = [];
  try {
    await line.try(createTarget(base, headers, timeoutMs, exchanges, broken));
  } catch (error) {
    broken.push(error instanceof Error ? error.message : String(error));
  }
  return { line, exchanges, broken };
}

function createTarget(
  base: string,
  authorization: Readonly<Record<string, string>>,
  timeoutMs: number,
  exchanges: Exchange[],
  broken: string[],
): Target {
  const must = (holds: boolean, what: string) => void (holds || broken.push(what));
  // A key's rate, or a mesh that is busy, is no break of the contract.
  const ask = (path: string, request: Request) =>
    patiently(async () => {
      const answered = await exchange(base, timeoutMs, path, request);
      const { status, headers } = answered.received;
      const seconds = readRetryAfter(status, headers["retry-after"]);
      if (seconds !== undefined) throw new TryLater(`HTTP ${status}`, seconds);
      return answered;
    }, createAbortController().signal);
  const send = async (path: string, request: Request = {}): Promise<Received> => {
    const answered = await ask(path, { ...request, headers: { ...authorization, ...request.headers } });
    exchanges.push({ ...answered, sent: { ...answered.sent, headers: request.headers ?? {} } });
    return answered.received;
  };
  const upload = (changes: Readonly<Record<string, unknown>> = {}, path = "/api/v1/sample") =>
    send(path, { method: "POST", body: JSON.stringify({ ...validUpload(), ...changes }) });
  return {
    must,
    send,
    upload,
    async scan(name = "conformance.bin") {
      const answer = await upload({ sample_name: name });
      must(answer.status === 200, `an upload is answered 200, not ${answer.status}`);
      return JSON.parse(answer.text) as UploadAnswer;
    },
    async complete(id) {
      const end = Date.now() + timeoutMs;
      for (;;) {
        const answered = await ask(`/api/v1/sample/${id}`, { headers: authorization });
        const report = JSON.parse(answered.received.text) as RestReport;
        if (report.end_date !== null || Date.now() > end) {
          exchanges.push({ ...answered, sent: { ...answered.sent, headers: {} } });
          must(report.end_date !== null, `the scan is complete within ${timeoutMs / 1000} s`);
          return report;
        }
        await pause(POLL_MS);
      }
    },
    refused(answer, status, error) {
      must(answer.status === status, `the status is ${status}, not ${answer.status}`);
      must(isJson(answer), "the answer is application/json");
      const said = (JSON.parse(answer.text) as { error?: unknown }).error;
      must(
        typeof said === "string" && (error === undefined || said === error),
        `the error is ${error ?? "a text"}, not ${JSON.stringify(said)}`,
      );
    },
  };
}

function validUpload(): Record<string, unknown> {
  return { allow_internet: "False", minspeed: 3, sample: randomBytes(24).toString("base64"), sample_name: "conformance.bin" };
}

export function isJson({ headers }: Received): boolean {
  return headers["content-type"] === "application/json";
}
