/** Requests as tests need them: any Host, any header, any body, and the answer as it came. */

import { request, type IncomingHttpHeaders } from "node:http";
import { mustBeDocumented } from "./documented.js";

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  json<T = Record<string, unknown>>(): T;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array | FormData | undefined;
}

/** Asks, and fails if the answer is none that the documents name. */
export async function ask(url: string, { method = "GET", headers = {}, body }: Ask = {}): Promise<Answer> {
  const encoded = body instanceof FormData ? new Response(body) : undefined;
  const bytes = encoded ? new Uint8Array(await encoded.arrayBuffer()) : (body as string | Uint8Array | undefined);
  const type = encoded?.headers.get("content-type");
  const answer = await new Promise<Answer>((resolve, reject) => {
    const outgoing = request(
      url,
      { method, agent: false, headers: { ...(type ? { "content-type": type } : {}), ...headers } },
      (incoming) => {
        const parts: Buffer[] = [];
        incoming.on("data", (part: Buffer) => parts.push(part));
        incoming.on("error", reject);
        incoming.on("end", () => {
          const text = Buffer.concat(parts).toString();
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text, json: <T>() => JSON.parse(text) as T });
        });
      },
    );
    outgoing.on("error", reject);
    outgoing.end(bytes);
  });
  mustBeDocumented({ method, url, status: answer.status, text: answer.text });
  return answer;
}

export interface GraphQLAnswer<T> {
  readonly data?: T | null;
  readonly errors?: { message: string; path?: unknown[]; extensions: { code: string; limit?: string } }[];
}

/** A GraphQL operation over HTTP. */
export async function graphql<T = Record<string, unknown>>(
  url: string,
  query: string,
  variables: object = {},
): Promise<GraphQLAnswer<T>> {
  const headers = { "content-type": "application/json" };
  return (await ask(`${url}/graphql`, { method: "POST", headers, body: JSON.stringify({ query, variables }) })).json<
    GraphQLAnswer<T>
  >();
}

/** Its data; fails with the errors if there are any. */
export async function data<T = Record<string, unknown>>(url: string, query: string, variables: object = {}): Promise<T> {
  const answer = await graphql<T>(url, query, variables);
  if (answer.errors || !answer.data) throw new Error(JSON.stringify(answer.errors));
  return answer.data;
}
