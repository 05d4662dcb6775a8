/** The `web` mode of malice's images: a sample by POST /scan, a hash by GET /lookup/<hash>; each answers with the usual JSON. */

import { createReadStream } from "node:fs";
import { request, type ClientRequest, type IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { Failed, reasonOf, Unavailable, type Sample } from "../../contract.js";
import { AnswerSocket } from "../answer-socket.js";
import { HungUp, NotListening, type Conversation } from "../conversation.js";

const KNOCK_MS = 2_000;
const BOUNDARY = "scanmesh-sample";

/** Where the container listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Whether an HTTP server answers there. */
export async function isListening(at: Address): Promise<boolean> {
  const outgoing = request({ ...at, method: "GET", path: "/", timeout: KNOCK_MS });
  outgoing.on("timeout", () => outgoing.destroy());
  outgoing.end();
  try {
    (await awaitResponse(outgoing)).destroy();
    return true;
  } catch (error) {
    if (error instanceof Unavailable) return false;
    throw error;
  } finally {
    outgoing.destroy();
  }
}

/** Sends it a sample. */
export function postSample(
  at: Address,
  { path, bytes, sha256, size }: Pick<Sample, "path" | "bytes" | "sha256" | "size">,
  maxReplyBytes: number,
): Conversation {
  const head = Buffer.from(
    `--${BOUNDARY}\r\nContent-Disposition: form-data; name="malware"; filename="${sha256}"\r\nContent-Type: application/octet-stream\r\n\r\n`,
  );
  const tail = Buffer.from(`\r\n--${BOUNDARY}--\r\n`);
  const headers = {
    "content-type": `multipart/form-data; boundary=${BOUNDARY}`,
    "content-length": head.length + size + tail.length,
  };
  const socket = new AnswerSocket();
  const outgoing = request({ method: "POST", path: "/scan", headers, createConnection: () => socket.connect(at) });
  let readError: Error | undefined;
  async function* parts(): AsyncGenerator<Uint8Array> {
    yield head;
    if (bytes !== undefined) yield bytes;
    else if (path !== null) yield* createReadStream(path) as AsyncIterable<Buffer>;
    yield tail;
  }
  const { reply, hangUp } = conversation(outgoing, maxReplyBytes);
  // Only reading the sample can fail here; if the engine hangs up, the request fails instead.
  const body = Readable.from(parts()).once("error", (error) => {
    readError = error;
    outgoing.destroy(error);
  });
  outgoing.once("close", () => body.destroy());
  body.pipe(outgoing);
  return {
    reply: requireWholeSample(reply, () => readError),
    isEarly: () => !outgoing.writableFinished || socket.isRefused,
    hangUp,
  };
}

/** An answer about a part of the sample proves nothing. */
async function requireWholeSample(reply: Promise<string>, readError: () => Error | undefined): Promise<string> {
  const [outcome] = await Promise.allSettled([reply]);
  const problem = readError();
  if (problem !== undefined) throw new Unavailable(`cannot read the sample: ${problem.message}`, { cause: problem });
  if (outcome.status === "rejected") throw outcome.reason;
  return outcome.value;
}

/** Asks about a hash. */
export function lookUp(at: Address, hash: string, maxReplyBytes: number): Conversation {
  const outgoing = request({ ...at, method: "GET", path: `/lookup/${hash}` });
  outgoing.end();
  return conversation(outgoing, maxReplyBytes);
}

function conversation(outgoing: ClientRequest, maxReplyBytes: number): Conversation {
  return { reply: readReply(outgoing, maxReplyBytes), hangUp: () => void outgoing.destroy() };
}

async function readReply(outgoing: ClientRequest, maxReplyBytes: number): Promise<string> {
  const response = await awaitResponse(outgoing);
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const part of response as AsyncIterable<Buffer>) {
      size += part.length;
      if (size > maxReplyBytes) throw new Failed(`answered with more than ${maxReplyBytes} bytes`);
      parts.push(part);
    }
  } catch (error) {
    if (error instanceof Failed) throw error;
    throw new HungUp(`it hung up (${reasonOf(error)})`, { cause: error });
  }
  const text = Buffer.concat(parts).toString("utf8");
  if (response.statusCode !== 200) throw new Failed(`it answered ${response.statusCode}: ${text.slice(0, 300)}`);
  return text;
}

function awaitResponse(outgoing: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    let connected = false;
    outgoing.on("socket", (socket) => socket.once("connect", () => (connected = true)));
    outgoing.once("response", resolve);
    outgoing.on("error", (error) => {
      const reason = reasonOf(error);
      reject(
        connected
          ? new HungUp(`it hung up (${reason})`, { cause: error })
          : new NotListening(`cannot connect to its container (${reason})`, { cause: error }),
      );
    });
  });
}
