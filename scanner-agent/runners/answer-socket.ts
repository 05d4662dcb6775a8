import { Socket } from "node:net";
import { hasCode } from "../contract.js";

/** Error codes of a connection that the peer has closed. */
export const HANG_UP_CODES = ["EPIPE", "ECONNRESET", "ERR_STREAM_PREMATURE_CLOSE", "ERR_STREAM_DESTROYED"];

type Callback = (error?: Error | null) => void;

/**
 * A socket that is read to its end even if the peer takes no more data. Node closes a socket at once when a write fails, and an answer that
 * has arrived but was not read yet would be lost.
 */
export class AnswerSocket extends Socket {
  /** Whether the peer closed the connection before it took everything that was written. */
  isRefused = false;

  override _write(chunk: unknown, encoding: BufferEncoding, callback: Callback): void {
    super._write(chunk, encoding, this.#forgiving(callback));
  }

  override _writev(chunks: { chunk: unknown; encoding: BufferEncoding }[], callback: Callback): void {
    super._writev?.(chunks, this.#forgiving(callback));
  }

  #forgiving(callback: Callback): Callback {
    return (error) => {
      if (!hasCode(error, "EPIPE", "ECONNRESET")) return callback(error);
      this.isRefused = true;
      callback();
    };
  }
}
