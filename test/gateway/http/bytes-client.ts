/** Answers as bytes, also those that are broken off. */

import { request, type IncomingHttpHeaders } from "node:http";

export interface Got {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  /** The connection ended before the answer did. */
  readonly cut: boolean;
}

export function fetchBytes(url: string, headers: Record<string, string> = {}): Promise<Got> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { agent: false, headers }, (incoming) => {
      const parts: Buffer[] = [];
      incoming.on("data", (part: Buffer) => parts.push(part));
      incoming.on("error", () => undefined);
      incoming.on("close", () =>
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          bytes: Buffer.concat(parts),
          cut: !incoming.complete,
        }),
      );
    });
    outgoing.on("error", reject);
    outgoing.end();
  });
}
