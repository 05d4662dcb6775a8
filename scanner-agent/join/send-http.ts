import { request as requestHttp, type IncomingHttpHeaders } from "node:http";
import { request as requestHttps } from "node:https";

/** One request. */
export interface HttpRequest {
  readonly method: "GET" | "POST";
  readonly body?: string;
  readonly signal: AbortSignal;
  /**
   * What a server's certificate is checked with: authorities (PEM); `known`, those that Node knows; or `nothing`, where the answer says
   * nothing that would be believed.
   */
  readonly trust: { readonly authority: string } | "known" | "nothing";
}

/** What came back. Redirects are not followed. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

const ANSWER_BYTES = 1024 ** 2;

/** Sends a request on a connection of its own, and reads the answer. */
export function sendHttp(url: string, { method, body = "", signal, trust }: HttpRequest): Promise<HttpAnswer> {
  const send = url.startsWith("https:") ? requestHttps : requestHttp;
  const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
  const tls = typeof trust === "object" ? { ca: trust.authority } : { rejectUnauthorized: trust !== "nothing" };
  return new Promise((resolve, reject) => {
    const sent = send(url, { method, headers, signal, agent: false, ...tls }, (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (part: string) => {
        text += part;
        if (text.length > ANSWER_BYTES) answer.destroy(new Error(`the answer has more than ${ANSWER_BYTES} bytes`));
      });
      answer.once("error", reject);
      answer.once("end", () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }));
    });
    sent.once("error", reject);
    sent.end(body);
  });
}
