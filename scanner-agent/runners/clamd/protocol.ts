import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import type { EngineVersions } from "../../../schema/engine-versions.js";
import { hasCode, reasonOf, TimedOut, Unavailable, type Sample } from "../../contract.js";
import { readDate } from "../../parsers/date.js";
import { within } from "../../within.js";
import { AnswerSocket, HANG_UP_CODES } from "../answer-socket.js";
import { HungUp, NotListening, type Conversation } from "../conversation.js";

const MAX_REPLY = 64 * 1024;
const READ_BYTES = 256 * 1024;
const STREAM_START = Buffer.from("zINSTREAM\0");
const STREAM_END = Buffer.alloc(4);
const ASK_MS = 10_000;

/** Asks one command, e.g. `VERSION`; the reply without its closing NUL. Throws {@link Unavailable}. */
export async function ask(socketPath: string, command: string): Promise<string> {
  const conversation = converse(socketPath, (socket) => Promise.resolve(void socket.write(`z${command}\0`)));
  try {
    return (await within(ASK_MS, conversation.reply)).replace(/\0$/, "");
  } catch (error) {
    throw error instanceof TimedOut ? new Unavailable(`clamd does not answer to ${command}`, { cause: error }) : error;
  } finally {
    conversation.hangUp();
  }
}

/** Whether clamd answers to PING. */
export async function isAnswering(socketPath: string): Promise<boolean> {
  try {
    return (await ask(socketPath, "PING")) === "PONG";
  } catch (error) {
    if (error instanceof Unavailable) return false;
    throw error;
  }
}

/**
 * Reads the reply to VERSION, `ClamAV 1.4.6/27500/Thu Nov 19 08:21:04 2026`. Without a daily database clamd tells only the
 * program's version; the date is then `newest`. It writes the date in its own zone, which is UTC wherever an agent starts it.
 */
export function readVersion(reply: string, newest: Date | undefined): EngineVersions {
  const [engine, signatures, date] = reply.replace(/^ClamAV /, "").split("/");
  return {
    engine: engine ?? null,
    signatures: signatures ?? null,
    signatureDate: readDate(date ?? "") ?? newest?.toISOString() ?? null,
  };
}

/**
 * Streams a sample to be scanned, so clamd needs no access to its file. The reply keeps its closing NUL, which shows that it is
 * whole. Undefined if there is neither a file nor bytes.
 */
export function streamSample(socketPath: string, { path, bytes }: Pick<Sample, "path" | "bytes">): Conversation | undefined {
  if (bytes !== undefined) return streamBytes(socketPath, bytes);
  return path === null ? undefined : streamFile(socketPath, path);
}

/** clamd may answer before it has read everything: such an answer is early. */
function streamBytes(socketPath: string, bytes: Uint8Array): Conversation {
  return converse(socketPath, (socket) => {
    socket.cork();
    socket.write(STREAM_START);
    if (bytes.length > 0) {
      socket.write(lengthOf(bytes));
      socket.write(bytes);
    }
    socket.write(STREAM_END);
    socket.uncork();
    return Promise.resolve();
  });
}

function streamFile(socketPath: string, file: string): Conversation {
  let isRead = false;
  return converse(
    socketPath,
    (socket) =>
      pipeline(
        frames(file, () => (isRead = true)),
        socket,
        { end: false },
      ),
    () => isRead,
  );
}

async function* frames(file: string, onEnd: () => void): AsyncGenerator<Buffer> {
  yield STREAM_START;
  for await (const part of createReadStream(file, { highWaterMark: READ_BYTES }) as AsyncIterable<Buffer>) {
    yield lengthOf(part);
    yield part;
  }
  onEnd();
  yield STREAM_END;
}

function lengthOf(part: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(part.length);
  return length;
}

function converse(socketPath: string, send: (socket: AnswerSocket) => Promise<void>, isRead = () => true): Conversation {
  const socket = new AnswerSocket();
  socket.connect(socketPath);
  let isEarly = false;
  const onReply = () => (isEarly = !isRead() || socket.writableLength > 0 || socket.isRefused);
  return { reply: exchange(socket, send, onReply), isEarly: () => isEarly, hangUp: () => void socket.destroy() };
}

async function exchange(
  socket: AnswerSocket,
  send: (socket: AnswerSocket) => Promise<void>,
  onReply: () => void,
): Promise<string> {
  await waitForConnection(socket);
  const received = readReply(socket);
  try {
    // clamd may answer and close the connection before it has read everything, e.g. at its limit: then its answer counts.
    const sent = send(socket).catch((error: unknown) => error);
    const reply = await received;
    onReply();
    if (reply.endsWith("\0")) return reply;
    const failure = await sent;
    if (failure === undefined || hasCode(failure, ...HANG_UP_CODES))
      throw new HungUp("clamd closed the connection without a reply");
    throw new Unavailable(`cannot send the sample to clamd (${reasonOf(failure)})`, { cause: failure });
  } finally {
    socket.destroy();
  }
}

function waitForConnection(socket: AnswerSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("connect", () => resolve());
    socket.once("error", (error) => reject(new NotListening(`cannot connect to clamd (${reasonOf(error)})`, { cause: error })));
    socket.once("close", () => reject(new NotListening("cannot connect to clamd")));
  });
}

/** Reads up to the first NUL, or to the end if there is none. */
function readReply(socket: AnswerSocket): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    socket.setEncoding("utf8");
    socket.on("data", (part: string) => {
      text += part;
      if (text.includes("\0") || text.length > MAX_REPLY) resolve(text);
    });
    socket.on("error", (error) => {
      if (!hasCode(error, ...HANG_UP_CODES))
        reject(new Unavailable(`lost the connection to clamd (${reasonOf(error)})`, { cause: error }));
    });
    socket.on("close", () => resolve(text));
  });
}
