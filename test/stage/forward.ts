import { request as requestHttp, type IncomingMessage, type ServerResponse } from "node:http";
import { request as requestHttps } from "node:https";

/** What a proxy hands on, and what it does with the answer; without `take` the answer is handed back as it comes. */
interface Forwarding {
  /** The gateway's address. */
  readonly to: string;
  /** The authority of a gateway with TLS. */
  readonly ca?: string | undefined;
  readonly take?: (answer: IncomingMessage) => void;
}

/** Hands a request on to a gateway. One that is gone, or goes meanwhile, ends the connection, as a proxy would. */
export function forward(asked: IncomingMessage, answered: ServerResponse, { to, ca, take }: Forwarding): void {
  const { method, headers } = asked;
  const request = ca === undefined ? requestHttp : requestHttps;
  const passed = request(to + asked.url, { method, headers, ...(ca === undefined ? {} : { ca }) }, (answer) => {
    answer.on("error", () => answered.destroy());
    if (take) return take(answer);
    answered.writeHead(answer.statusCode ?? 500, answer.headers);
    answer.pipe(answered);
  });
  passed.on("error", () => answered.destroy());
  asked.on("error", () => passed.destroy());
  asked.pipe(passed);
}
