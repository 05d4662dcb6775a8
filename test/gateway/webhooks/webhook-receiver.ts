import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";

/** A server that webhooks are sent to. */
export interface Receiver {
  readonly url: string;
  /** What came in, in order. */
  readonly received: { readonly headers: IncomingHttpHeaders; readonly body: string }[];
  /** The statuses that it answers, in turn; the last one stays. */
  answer(...statuses: number[]): void;
  /** Answers with this `Retry-After`. */
  askToWait(seconds: number): void;
  /** Forgets what came in, and answers 200 again. */
  reset(): void;
  close(): Promise<void>;
}

export async function startReceiver(): Promise<Receiver> {
  const received: Receiver["received"] = [];
  let answers = [200];
  let wait: Record<string, string> = {};
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (part: Buffer) => (body += part.toString()));
    request.on("end", () => {
      received.push({ headers: request.headers, body });
      const status = (answers.length > 1 ? answers.shift() : answers[0]) ?? 200;
      response.writeHead(status, { location: "/elsewhere", ...wait }).end("thanks");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    received,
    answer: (...statuses) => (answers = statuses),
    askToWait: (seconds) => (wait = { "retry-after": `${seconds}` }),
    reset() {
      wait = {};
      received.length = 0;
      answers = [200];
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** The mutation that adds a webhook. */
export const CREATE_WEBHOOK = `mutation($input: CreateWebhookInput!) { createWebhook(input: $input) {
  ... on CreateWebhookSuccess { secret webhook { webhookId url events enabled } } ... on UserError { code message path } } }`;

/** What it answers. */
export interface CreatedWebhook {
  readonly secret: string;
  readonly webhook: { readonly webhookId: number };
  readonly code?: string;
  readonly message?: string;
}
