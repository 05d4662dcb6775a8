import { ReadableStream, TransformStream } from "node:stream/web";
import { ZipWriter } from "@zip.js/zip.js";

/** How many bytes are encrypted in one go: this runs in JavaScript and blocks other requests. */
const PIECE_BYTES = 64 * 1024;

/**
 * A zip with one file, created while it is read. The encryption is ZipCrypto, which every program supports and which protects nothing: the
 * password only keeps the file from being run or scanned by accident. An error of `bytes` ends the zip with the same error.
 */
export async function* zipped(name: string, password: string, bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let breakOff: (error: unknown) => void = () => {};
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>({
    start: (controller) => void (breakOff = (error) => controller.error(error)),
  });
  const zip = new ZipWriter(writable, { password, zipCrypto: true, useWebWorkers: false, extendedTimestamp: false });
  const write = async () => {
    await zip.add(name, ReadableStream.from(pieces(bytes)));
    await zip.close();
  };
  // The reader below throws the error.
  write().catch(breakOff);
  const reader = readable.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    // Stops writing if the reader stops early.
    await reader.cancel();
  }
}

async function* pieces(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) {
    for (let at = 0; at < chunk.length; at += PIECE_BYTES) yield chunk.subarray(at, at + PIECE_BYTES);
  }
}
