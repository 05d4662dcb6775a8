/** A gateway that answers the command line as a test tells it: what holds "bad" is infected, all else is clean. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { afterAll } from "vitest";
import { listen } from "./run-scan.js";

export interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Of GraphQL: the operation's name; of all else the method and the path. */
  readonly what: string;
  readonly body: Buffer;
}

/** Answers in the gateway's place if it wants to; true: it did. */
export type Intercept = (asked: Asked) => boolean;

export interface PuppetGateway {
  readonly url: string;
  readonly server: Server;
  /** What was asked, in order. */
  readonly asked: Asked[];
  /** The name of each submitted sample, and its bytes. */
  readonly samples: Map<string, Buffer>;
}

export function answerJson(response: ServerResponse, body: unknown, status = 200, headers: Record<string, string> = {}): true {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
  return true;
}

/** What a scan of these bytes says. */
export function reportOf(scanId: number, name: string, bytes: Buffer, rest: object = {}): object {
  const verdict = bytes.includes("bad") ? "INFECTED" : "CLEAN";
  const detections = verdict === "CLEAN" ? 0 : 1;
  const now = new Date().toISOString();
  const proof = { detectedBy: [], cleanBy: [], antivirusAsked: true, barriers: [], absent: [], text: "", advice: null };
  const sample = { sha256: "", sha1: "", md5: "", size: bytes.length, mime: "" };
  const report = { scanId, name, verdict, startDate: now, endDate: now, deadline: now, done: 1, total: 1, detections };
  return { ...report, sample, skipped: [], proof, results: [], ...rest };
}

/** Starts one that ends with the tests of the file. */
export async function startPuppetGateway(intercept: Intercept = () => false): Promise<PuppetGateway> {
  const uploads = new Map<string, Buffer>();
  const [asked, samples]: [Asked[], Map<string, Buffer>] = [[], new Map()];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("error", () => response.destroy());
    request.on("data", (part: Buffer) => parts.push(part)).on("end", () => answer(request, response, Buffer.concat(parts)));
  });

  function answer(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
    const { query = "", variables = {} } = request.method === "POST" ? (JSON.parse(body.toString()) as GraphQLBody) : {};
    const what = /^(?:query|mutation|subscription) (\w+)/.exec(query)?.[1] ?? `${request.method} ${request.url}`;
    const one = { request, response, what, body };
    asked.push(one);
    if (intercept(one)) return;
    if (request.method === "PUT") {
      uploads.set(request.url?.split("/").at(-1) ?? "", body);
      answerJson(response, {}, 201);
    } else if (what === "CreateUpload") answerJson(response, { data: { createUpload: { id: String(asked.length) } } });
    else if (what === "Submit") {
      const { uploadId = "", name = "" } = variables.input ?? {};
      const bytes = uploads.get(uploadId) ?? Buffer.from("never sent");
      samples.set(name, bytes);
      answerJson(response, { data: { submitScan: { scan: reportOf(samples.size, name, bytes) } } });
    } else answerJson(response, { data: { __typename: "Query" } });
  }

  const url = await listen(server);
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url, server, asked, samples };
}

interface GraphQLBody {
  readonly query?: string;
  readonly variables?: { readonly input?: { readonly uploadId?: string; readonly name?: string } };
}
