/** Reads the protocol of NATS: a line at a time, and payloads without looking at their bytes. */

import { freePieces } from "../free-pieces.js";
import { allocatePayload } from "./payloads.js";
import type { MessageHead, Protocol } from "./client-internals.js";

/** What the reader reports. */
export type Receiver = Pick<Protocol, "processMsg" | "processError" | "processInfo" | "processPing" | "processPong">;

/** Longer than the list of servers of a large cluster. */
const MAX_LINE_BYTES = 1024 * 1024;
/** The most that a nats-server can be set to. */
const MAX_PAYLOAD_BYTES = 64 * 1024 * 1024;
/** Smaller frames are not worth being freed at once. */
const FREED_BYTES = 16 * 1024;
const LF = 10;
const CRLF_BYTES = 2;

/** A message whose payload has not arrived as a whole. */
interface Unfinished {
  readonly head: MessageHead;
  readonly payload: Buffer;
  /** Bytes that have arrived, of the payload and of the line's end after it. */
  have: number;
}

/**
 * Reads one connection. The frames are given in order, and belong to the reader from then on; throws for what is no protocol, after which
 * nothing more can be read.
 */
export function createProtocolReader(receiver: Receiver): (frame: Buffer) => void {
  let unfinished: Unfinished | undefined;
  let begun = "";
  /** Whether a message was handed on in the memory of the frame. */
  let isHandedOn = false;

  /** The message, of whose payload at least one byte or line end is missing, goes on at `at`; the result is where it ends. */
  function proceed(message: Unfinished, frame: Buffer, at: number): number {
    const { head, payload } = message;
    const end = Math.min(frame.length, at + payload.length + CRLF_BYTES - message.have);
    if (message.have < payload.length) frame.copy(payload, message.have, at, end);
    message.have += end - at;
    if (message.have < payload.length + CRLF_BYTES) return end;
    unfinished = undefined;
    if (frame[end - 1] !== LF) throw new Error("a message of NATS does not end where it says");
    receiver.processMsg(head, payload);
    return end;
  }

  function begin(line: string, frame: Buffer, at: number): number {
    const head = parseHead(line);
    const end = at + head.size + CRLF_BYTES;
    if (end > frame.length) {
      unfinished = { head, payload: allocatePayload(head.size), have: 0 };
      return at;
    }
    if (frame[end - 1] !== LF) throw new Error("a message of NATS does not end where it says");
    isHandedOn = true;
    receiver.processMsg(head, frame.subarray(at, at + head.size));
    return end;
  }

  function handle(line: string): void {
    const word = (/^[-+]?\w+/.exec(line)?.[0] ?? "").toUpperCase();
    if (word === "PING") receiver.processPing();
    else if (word === "PONG") receiver.processPong();
    else if (word === "INFO") receiver.processInfo(Buffer.from(line.slice(5), "latin1"));
    else if (word === "-ERR") receiver.processError(Buffer.from(line.slice(5), "latin1"));
    else if (word !== "+OK") throw malformed(line);
  }

  function readAll(frame: Buffer): void {
    let at = 0;
    while (at < frame.length) {
      if (unfinished !== undefined) {
        at = proceed(unfinished, frame, at);
        continue;
      }
      const end = frame.indexOf(LF, at);
      if (end < 0) {
        begun += frame.toString("latin1", at);
        if (begun.length > MAX_LINE_BYTES) throw malformed(begun);
        return;
      }
      const line = (begun + frame.toString("latin1", at, end)).trimEnd();
      begun = "";
      at = end + 1;
      if (/^h?msg\s/i.test(line)) at = begin(line, frame, at);
      else handle(line);
    }
  }

  return (frame) => {
    isHandedOn = false;
    readAll(frame);
    if (!isHandedOn && frame.length >= FREED_BYTES) freePieces([frame]);
  };
}

/** `MSG subject sid [reply] size`, or `HMSG subject sid [reply] headers size`. */
function parseHead(line: string): MessageHead {
  const words = line.split(/[ \t]+/);
  const hasHeaders = line.startsWith("H") || line.startsWith("h");
  const shortest = hasHeaders ? 5 : 4;
  const size = readCount(words.at(-1));
  const hdr = hasHeaders ? readCount(words.at(-2)) : -1;
  const sid = readCount(words[2]);
  // NaN fails every comparison.
  const isRight = sid >= 0 && hdr <= size && size <= MAX_PAYLOAD_BYTES;
  if (!isRight || words.length < shortest || words.length > shortest + 1) throw malformed(line);
  const reply = words.length > shortest ? Buffer.from(words[3] ?? "", "latin1") : undefined;
  return { subject: Buffer.from(words[1] ?? "", "latin1"), sid, reply, hdr, size };
}

function readCount(word = ""): number {
  return /^\d{1,9}$/.test(word) ? Number(word) : NaN;
}

function malformed(line: string): Error {
  return new Error(`this is no message of NATS: ${line.slice(0, 100)}`);
}
