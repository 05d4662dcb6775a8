/** The mesh's public API, as the load generator uses it. */

import { Agent, request as httpRequest, type RequestOptions } from "node:http";

const BOUNDARY = "scanmesh-bench-7f1c2e90b4";
/** The content type of {@link formOf}'s forms. */
export const FORM = `multipart/form-data; boundary=${BOUNDARY}`;
const JSON_HEADERS = { "content-type": "application/json" };

/** The mesh has refused a request. */
export class Refused extends Error {
  override readonly name = "Refused";
  constructor(
    readonly status: number,
    body: string,
  ) {
    super(`the mesh answers ${status}: ${body.slice(0, 200)}`);
  }
}

export interface Api {
  /** Sends a sample; the scan's number. Throws {@link Refused}. */
  submit(body: Buffer): Promise<number>;
  /** Throws if the answer has errors. */
  query<T>(query: string, variables?: Record<string, unknown>): Promise<T>;
  close(): void;
}

/** MultiAV2's number for all classes of engines. */
const ALL = 3;

/** A form with one sample that every engine may scan up to a class: the way of sending that the mesh streams. */
export function formOf(sample: Uint8Array, name: string, minspeed = ALL): Buffer {
  const part = `--${BOUNDARY}\r\ncontent-disposition: form-data; name=`;
  const field = `${part}"minspeed"\r\n\r\n${minspeed}\r\n`;
  const file = `${part}"file_upload"; filename="${name}"\r\ncontent-type: application/octet-stream\r\n\r\n`;
  return Buffer.concat([Buffer.from(field + file), sample, Buffer.from(`\r\n--${BOUNDARY}--\r\n`)]);
}

/** Speaks to the gateway over so many connections at most, which it keeps. */
export function openApi(url: string, connections: number, contentType: string): Api {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  // Reading has a connection of its own: it does not queue behind uploads.
  const reader = new Agent({ keepAlive: true, maxSockets: 1 });

  async function post(path: string, options: RequestOptions, body: Buffer): Promise<unknown> {
    const { status, text } = await send(new URL(path, url), { ...options, method: "POST" }, body);
    if (status !== 200) throw new Refused(status, text);
    return JSON.parse(text);
  }

  return {
    async submit(body) {
      const headers = { "content-type": contentType, "content-length": body.length };
      const { id } = (await post("/api/v1/sample", { agent, headers }, body)) as { id: number };
      return id;
    },
    async query<T>(query: string, variables: Record<string, unknown> = {}) {
      const body = Buffer.from(JSON.stringify({ query, variables }));
      const headers = { ...JSON_HEADERS, "content-length": body.length };
      const answer = (await post("/graphql", { agent: reader, headers }, body)) as {
        data: T;
        errors?: readonly { message: string }[];
      };
      if (answer.errors) throw new Error(answer.errors.map(({ message }) => message).join("; "));
      return answer.data;
    },
    close() {
      agent.destroy();
      reader.destroy();
    },
  };
}

function send(url: URL, options: RequestOptions, body: Buffer): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, options, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part: string) => (text += part));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
      response.on("error", reject);
    });
    request.on("error", reject);
    request.end(body);
  });
}
