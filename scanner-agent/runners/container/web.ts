/** The `web` mode of malice's images: a sample by POST /scan, a hash by GET /lookup/<hash>; each answers with the usual JSON. */

import { createReadStream } from "node:fs";
import { request, type ClientRequest, type IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { Failed, reasonOf, Unavailable } from "../../contract.js";
import { HungUp, NotListening, type Conversation } from "../conversation.js";

const KNOCK_MS = 2_000;
const BOUNDARY = "scanmesh-sample";

/** Where the container listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Whether something there speaks HTTP. */
export async function knock(at: Address): Promise<boolean> {
  const asked = request({ ...at, method: "GET", path: "/", timeout: KNOCK_MS });
  asked.on("timeout", () => asked.destroy());
  asked.end();
  try {
    (await answerOf(asked)).destroy();
    return true;
  } catch (error) {
    if (error instanceof Unavailable) return false;
    throw error;
  } finally {
    asked.destroy();
  }
}

/** Gives it a sample. */
export function postSample(at: Address, file: string, name: string, size: number, cap: number): Conversation {
  const head = Buffer.from(
    `--${BOUNDARY}\r\nContent-Disposition: form-data; name="malware"; filename="${name}"\r\nContent-Type: application/octet-stream\r\n\r\n`,
  );
  const tail = Buffer.from(`\r\n--${BOUNDARY}--\r\n`);
  const headers = {
    "content-type": `multipart/form-data; boundary=${BOUNDARY}`,
    "content-length": head.length + size + tail.length,
  };
  const asked = request({ ...at, method: "POST", path: "/scan", headers });
  let unread: Error | undefined;
  async function* parts(): AsyncGenerator<Buffer> {
    yield head;
    yield* createReadStream(file) as AsyncIterable<Buffer>;
    yield tail;
  }
  const { reply, hangUp } = conversation(asked, cap);
  // Only the sample can fail here: that the engine has hung up is an error of what it was asked.
  const body = Readable.from(parts()).once("error", (error) => {
    unread = error;
    asked.destroy(error);
  });
  asked.once("close", () => body.destroy());
  body.pipe(asked);
  return { reply: whole(reply, () => unread), hangUp };
}

/** What it says of a part of the sample proves nothing of the whole. */
async function whole(reply: Promise<string>, unread: () => Error | undefined): Promise<string> {
  const [said] = await Promise.allSettled([reply]);
  const problem = unread();
  if (problem !== undefined) throw new Unavailable(`the sample could not be read: ${problem.message}`, { cause: problem });
  if (said.status === "rejected") throw said.reason;
  return said.value;
}

/** Asks it about a hash. */
export function lookUp(at: Address, hash: string, cap: number): Conversation {
  const asked = request({ ...at, method: "GET", path: `/lookup/${hash}` });
  asked.end();
  return conversation(asked, cap);
}

function conversation(asked: ClientRequest, cap: number): Conversation {
  return { reply: replyOf(asked, cap), hangUp: () => void asked.destroy() };
}

async function replyOf(asked: ClientRequest, cap: number): Promise<string> {
  const answer = await answerOf(asked);
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const part of answer as AsyncIterable<Buffer>) {
      size += part.length;
      if (size > cap) throw new Failed(`answered with more than ${cap} bytes`);
      parts.push(part);
    }
  } catch (error) {
    if (error instanceof Failed) throw error;
    throw new HungUp(`it hung up (${reasonOf(error)})`, { cause: error });
  }
  const text = Buffer.concat(parts).toString("utf8");
  if (answer.statusCode !== 200) throw new Failed(`it answered ${answer.statusCode}: ${text.slice(0, 300)}`);
  return text;
}

function answerOf(asked: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    let connected = false;
    asked.on("socket", (socket) => socket.once("connect", () => (connected = true)));
    asked.once("response", resolve);
    asked.on("error", (error) => {
      const reason = reasonOf(error);
      reject(
        connected
          ? new HungUp(`it hung up (${reason})`, { cause: error })
          : new NotListening(`it does not listen (${reason})`, { cause: error }),
      );
    });
  });
}
