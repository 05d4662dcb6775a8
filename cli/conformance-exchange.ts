/** Requests of the conformance suite as they are sent, and the answers as they come. */

import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { request as httpsRequest } from "node:https";

export interface Sent {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

export interface Received {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface Exchange {
  readonly sent: Sent;
  readonly received: Received;
}

export interface Request {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Sends one request on a connection of its own. Rejects if the answer is not there within the time. */
export function exchange(
  base: string,
  timeoutMs: number,
  path: string,
  { method = "GET", headers = {}, body }: Request = {},
): Promise<Exchange> {
  const send = base.startsWith("https:") ? httpsRequest : httpRequest;
  const sent = { method, path, headers, body };
  return new Promise((resolve, reject) => {
    const bytes = body === undefined ? undefined : Buffer.from(body);
    const length = bytes === undefined ? {} : { "content-length": String(bytes.length) };
    // The path goes as it is: it may be one that a client library would tidy.
    const target = `${new URL(base).pathname.replace(/\/+$/, "")}${path}`;
    const options = {
      method,
      path: target,
      agent: false,
      headers: { ...length, ...headers },
      signal: AbortSignal.timeout(timeoutMs),
    };
    const outgoing = send(new URL(base), options, (incoming) => {
      const parts: Buffer[] = [];
      incoming.on("data", (part: Buffer) => parts.push(part));
      incoming.once("error", reject).once("end", () => {
        const text = Buffer.concat(parts).toString();
        resolve({ sent, received: { status: incoming.statusCode ?? 0, headers: incoming.headers, text } });
      });
    });
    outgoing.once("error", reject).end(bytes);
  });
}

/** A form of text fields and files, written by hand so that the report shows it as it went. */
export function form(
  fields: Readonly<Record<string, string>>,
  file?: { readonly field: string; readonly name: string; readonly text: string },
): Request {
  const boundary = "conformance-boundary";
  const parts = Object.entries(fields).map(([name, value]) => `Content-Disposition: form-data; name="${name}"\r\n\r\n${value}`);
  if (file) {
    parts.push(
      `Content-Disposition: form-data; name="${file.field}"; filename="${file.name}"\r\nContent-Type: application/octet-stream\r\n\r\n${file.text}`,
    );
  }
  const body = `${parts.map((part) => `--${boundary}\r\n${part}\r\n`).join("")}--${boundary}--\r\n`;
  return { method: "POST", headers: { "content-type": `multipart/form-data; boundary=${boundary}` }, body };
}

const EXCERPT_LENGTH = 400;

/** What was sent and what came back, for the report. */
export function formatExchange({ sent, received }: Exchange): string[] {
  const head = [`${sent.method} ${sent.path}`, ...Object.entries(sent.headers).map(([name, value]) => `${name}: ${value}`)];
  const headers = ["content-type", "allow", "retry-after", "link", "content-disposition"].flatMap((name) => {
    const value = received.headers[name];
    return value === undefined ? [] : [`${name}: ${String(value)}`];
  });
  return [
    `  > ${head.join(" | ")}`,
    ...(sent.body ? [`  > ${excerpt(sent.body)}`] : []),
    `  < ${[received.status, ...headers].join(" | ")}`,
    ...(received.text ? [`  < ${excerpt(received.text)}`] : []),
  ];
}

function excerpt(text: string): string {
  const line = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"');
  return line.length > EXCERPT_LENGTH ? `${line.slice(0, EXCERPT_LENGTH)}… (${text.length} characters)` : line;
}
