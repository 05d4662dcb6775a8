import { createReadStream } from "node:fs";
import { connect, type Socket } from "node:net";
import { pipeline } from "node:stream/promises";
import { hasCode, reasonOf, Unavailable } from "../../contract.js";

const MAX_REPLY = 64 * 1024;
const READ_BYTES = 256 * 1024;
/** How writing to somebody who has hung up fails. */
const HANG_UP_CODES = ["EPIPE", "ECONNRESET", "ERR_STREAM_PREMATURE_CLOSE", "ERR_STREAM_DESTROYED"];
const STREAM_END = Buffer.alloc(4);

/** One conversation with clamd. */
export interface Conversation {
  /** The whole reply, its closing NUL included. Throws {@link NotListening}, {@link HungUp} or {@link Unavailable}. */
  readonly reply: Promise<string>;
  hangUp(): void;
}

/** clamd did not take the call at all, so it did not see a sample. */
export class NotListening extends Unavailable {}

/** clamd took the call and hung up without a reply: it ended, or was ended. */
export class HungUp extends Unavailable {}

/** Says one command, e.g. `PING`. */
export function command(socketPath: string, name: string): Conversation {
  return talk(socketPath, (socket) => Promise.resolve(void socket.write(`z${name}\0`)));
}

/** Streams a file to be scanned; clamd needs no access to it. */
export function stream(socketPath: string, file: string): Conversation {
  return talk(socketPath, (socket) => pipeline(frames(file), socket, { end: false }));
}

async function* frames(file: string): AsyncGenerator<Buffer> {
  yield Buffer.from("zINSTREAM\0");
  for await (const part of createReadStream(file, { highWaterMark: READ_BYTES }) as AsyncIterable<Buffer>) {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(part.length);
    yield length;
    yield part;
  }
  yield STREAM_END;
}

function talk(socketPath: string, say: (socket: Socket) => Promise<void>): Conversation {
  const socket = connect(socketPath);
  return { reply: converse(socket, say), hangUp: () => void socket.destroy() };
}

async function converse(socket: Socket, say: (socket: Socket) => Promise<void>): Promise<string> {
  await connected(socket);
  const heard = hear(socket);
  try {
    // clamd may answer and hang up before it has heard everything, e.g. at its limit: then what counts is the answer.
    const said = say(socket).catch((error: unknown) => error);
    const reply = await heard;
    if (reply.endsWith("\0")) return reply;
    const trouble = await said;
    if (trouble === undefined || hasCode(trouble, ...HANG_UP_CODES)) throw new HungUp("clamd hung up without a reply");
    throw new Unavailable(`the sample could not be given to clamd (${reasonOf(trouble)})`, { cause: trouble });
  } finally {
    socket.destroy();
  }
}

function connected(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("connect", () => resolve());
    socket.once("error", (error) => reject(new NotListening(`clamd does not listen (${reasonOf(error)})`, { cause: error })));
    socket.once("close", () => reject(new NotListening("clamd does not listen")));
  });
}

/** Everything up to the first NUL, or up to the end if there is none. */
function hear(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    socket.setEncoding("utf8");
    socket.on("data", (part: string) => {
      text += part;
      if (text.includes("\0") || text.length > MAX_REPLY) resolve(text);
    });
    socket.on("error", (error) => {
      if (!hasCode(error, ...HANG_UP_CODES))
        reject(new Unavailable(`the connection to clamd broke (${reasonOf(error)})`, { cause: error }));
    });
    socket.on("close", () => resolve(text));
  });
}
