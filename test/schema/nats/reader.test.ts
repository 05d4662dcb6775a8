import { describe, expect, it } from "vitest";
import { createProtocolReader, type Receiver } from "../../../schema/nats/reader.js";

/** What a reader tells, a line for each thing. */
function reading(): { read: (frame: Buffer) => void; found: string[] } {
  const found: string[] = [];
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();
  const receiver: Receiver = {
    processMsg: ({ subject, sid, reply, hdr, size }, data) =>
      found.push(`${text(subject)} ${sid} ${reply === undefined ? "-" : text(reply)} ${hdr} ${size} ${text(data)}`),
    processError: (error) => found.push(`error ${text(error)}`),
    processInfo: (info) => found.push(`info ${text(info)}`),
    processPing: () => found.push("ping"),
    processPong: () => found.push("pong"),
  };
  return { read: createProtocolReader(receiver), found };
}

const STREAM = Buffer.from(
  [
    'INFO {"a":"ä"}',
    "PING",
    "MSG a.b 7 5",
    "he\nlo",
    "+OK",
    "HMSG a.b 7 reply.to 12 14",
    "NATS/1.0\r\n\r\nhi",
    "MSG  a.b\t7 reply.to 0",
    "",
    "-ERR 'Slow Consumer'",
    "PONG",
    "",
  ].join("\r\n"),
);
const FOUND = [
  'info {"a":"ä"}',
  "ping",
  "a.b 7 - -1 5 he\nlo",
  "a.b 7 reply.to 12 14 NATS/1.0\r\n\r\nhi",
  "a.b 7 reply.to -1 0 ",
  "error 'Slow Consumer'",
  "pong",
];

describe("the reader of the protocol", () => {
  it("finds the same wherever a frame ends", () => {
    for (let first = 0; first <= STREAM.length; first++)
      for (const length of [1, 2, 3, 7, STREAM.length]) {
        const { read, found } = reading();
        read(STREAM.subarray(0, first));
        for (let at = first; at < STREAM.length; at += length) read(STREAM.subarray(at, at + length));
        expect(found).toEqual(FOUND);
      }
  });

  it("puts a large payload together byte for byte, and keeps each message's bytes apart", () => {
    const sizes = [200_000, 300_000, 1_000_000, 1_048_576, 1_048_577, 0];
    const payloads = sizes.map((size, i) => Buffer.alloc(size, `${i}.`));
    const stream = Buffer.concat(
      payloads.flatMap((bytes) => [Buffer.from(`MSG s 1 ${bytes.length}\r\n`), bytes, Buffer.from("\r\n")]),
    );
    const got: Uint8Array[] = [];
    const read = createProtocolReader({ ...nothing, processMsg: (_, data) => got.push(data) });
    for (let at = 0; at < stream.length; at += 65_536) read(stream.subarray(at, at + 65_536));
    expect(got.map(({ length }) => length)).toEqual(sizes);
    for (const [i, bytes] of payloads.entries()) expect(bytes.equals(got[i] ?? Buffer.alloc(0))).toBe(true);
  });

  it("frees a frame from which everything was copied, and leaves one in whose memory a message was handed on", () => {
    const read = createProtocolReader(nothing);
    const head = Buffer.from("MSG s 1 300000\r\n");
    const lengths = [Buffer.concat([head, Buffer.alloc(100_000)]), Buffer.alloc(100_000), Buffer.alloc(100_002, "\r\n")].map(
      (made) => {
        // Memory of its own, as what comes from a socket has.
        const frame = Buffer.from(new Uint8Array(made).buffer);
        read(frame);
        return frame.length;
      },
    );
    const whole = Buffer.from(
      new Uint8Array(Buffer.concat([Buffer.from("MSG s 1 50000\r\n"), Buffer.alloc(50_002, "\r\n")])).buffer,
    );
    read(whole);
    const canFree = "transfer" in ArrayBuffer.prototype;
    expect(lengths).toEqual(canFree ? [0, 0, 0] : [100_016, 100_000, 100_002]);
    expect(whole.length).toBe(50_017);
  });

  it.each([
    ["a verb that NATS does not have", "NONSENSE\r\n"],
    ["bytes", "\u0000\u0001\r\n"],
    ["a message without a size", "MSG a 1\r\n"],
    ["a size that is no number", "MSG a 1 1e3\r\n"],
    ["a negative size", "MSG a 1 -1\r\n"],
    ["a size beyond what NATS allows", "MSG a 1 99999999\r\n"],
    ["a subscription that is no number", "MSG a b 1\r\nx\r\n"],
    ["headers larger than their message", "HMSG a 1 12 10\r\n"],
    ["too many words", "MSG a 1 b c 1\r\n"],
    ["a message longer than it says", "MSG a 1 1\r\nlonger\r\n"],
    ["a line without end", "I".repeat(1_100_000)],
  ])("refuses %s", (_what, text) => {
    expect(() => reading().read(Buffer.from(text, "latin1"))).toThrow(/NATS/);
    const byByte = reading();
    expect(() => {
      for (const byte of Buffer.from(text.slice(0, 1_000), "latin1")) byByte.read(Buffer.of(byte));
      byByte.read(Buffer.from(text.slice(1_000), "latin1"));
    }).toThrow(/NATS/);
  });
});

const nothing: Receiver = {
  processMsg: () => {},
  processError: () => {},
  processInfo: () => {},
  processPing: () => {},
  processPong: () => {},
};
