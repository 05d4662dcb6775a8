/** Requests whose answers are read and not looked into. */

import { Agent, request } from "node:http";

export interface Requests {
  /** The body of the answer. Throws unless it is 200 and without GraphQL errors. */
  graphql(query: string, variables?: Record<string, unknown>): Promise<string>;
  get(path: string): Promise<string>;
  close(): void;
}

/** Over so many connections at most, which are kept. */
export function openRequests(url: string, connections: number): Requests {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });

  function send(path: string, body?: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const headers = body === undefined ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
      const outgoing = request(
        new URL(path, url),
        { agent, method: body === undefined ? "GET" : "POST", headers },
        (incoming) => {
          const parts: Buffer[] = [];
          incoming.on("data", (part: Buffer) => parts.push(part));
          incoming.on("error", reject);
          incoming.on("end", () => {
            const text = Buffer.concat(parts).toString();
            if (incoming.statusCode === 200 && !text.startsWith('{"errors"')) resolve(text);
            else reject(new Error(`${path} answers ${incoming.statusCode}: ${text.slice(0, 300)}`));
          });
        },
      );
      outgoing.on("error", reject);
      outgoing.end(body);
    });
  }

  return {
    graphql: (query, variables = {}) => send("/graphql", JSON.stringify({ query, variables })),
    get: (path) => send(path),
    close: () => agent.destroy(),
  };
}
