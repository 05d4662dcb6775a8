import type { Duplex } from "node:stream";
import { Failed, type RawOutput } from "../../contract.js";

const HEADER_BYTES = 8;
const STDERR = 2;

/**
 * A program's output. The daemon sends it in frames of a header, which names the stream and the length, and bytes. They are read
 * here by hand because what a hostile engine prints must stay within a limit.
 */
export interface Output {
  /** Both streams, complete. Throws {@link Failed} as soon as one exceeds the limit. */
  whole(): Promise<Omit<RawOutput, "exitCode">>;
  /** Stops reading. */
  close(): void;
}

/** Reads both streams, at most `cap` bytes of each. */
export function collectOutput(stream: Duplex, cap: number): Output {
  const parts: { readonly bytes: Buffer[]; size: number }[] = [
    { bytes: [], size: 0 },
    { bytes: [], size: 0 },
  ];
  const header = Buffer.alloc(HEADER_BYTES);
  let headed = 0;
  let left = 0;
  let target = 0;

  // Resolves with the failure: nobody may be waiting for the output yet, and a rejection would be unhandled.
  const outcome = new Promise<Omit<RawOutput, "exitCode"> | Failed>((resolve) => {
    function take(chunk: Buffer): void {
      for (let at = 0; at < chunk.length;) {
        if (left === 0) {
          const taken = chunk.copy(header, headed, at, at + HEADER_BYTES - headed);
          at += taken;
          headed += taken;
          if (headed < HEADER_BYTES) return;
          headed = 0;
          left = header.readUInt32BE(4);
          target = header[0] === STDERR ? 1 : 0;
          continue;
        }
        const piece = chunk.subarray(at, at + left);
        at += piece.length;
        left -= piece.length;
        const part = parts[target];
        if (part === undefined) return;
        part.size += piece.length;
        if (part.size > cap) {
          const name = target === 1 ? "standard error" : "standard output";
          stream.destroy();
          return resolve(new Failed(`printed more than ${cap} bytes on ${name}`));
        }
        part.bytes.push(piece);
      }
    }
    stream.on("data", take);
    // "close" follows; the caller asks the daemon how the program ended.
    stream.on("error", () => undefined);
    stream.on("close", () => {
      const [stdout = "", stderr = ""] = parts.map(({ bytes }) => Buffer.concat(bytes).toString("utf8"));
      resolve({ stdout, stderr });
    });
    // Otherwise the writable half keeps the connection open.
    stream.on("end", () => stream.destroy());
  });
  return {
    async whole() {
      const printed = await outcome;
      if (printed instanceof Failed) throw printed;
      return printed;
    },
    close: () => void stream.destroy(),
  };
}
