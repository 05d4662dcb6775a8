import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { OperatorError } from "../schema/operator-error.js";
import type { FileToSend, OpenFile } from "./file-source.js";
import { fileError } from "./find-files.js";
import { gatewayAddress, unreachable } from "./gateway-address.js";

/** A gateway that stores a large file may be silent for a while. */
const SILENCE_MS = 120_000;

export interface UploadAnswer {
  readonly status: number;
  readonly text: string;
  readonly retryAfter: string | undefined;
}

/**
 * Streams a file as the body of a PUT. Its length is told first where it is known, so that what is too large is refused before it is
 * sent. Throws {@link OperatorError} if the file cannot be read whole or no answer comes.
 */
export async function putFile(url: string, path: string, file: FileToSend, signal: AbortSignal): Promise<UploadAnswer> {
  const source = await file.open().catch((error: unknown) => {
    throw new OperatorError(fileError(error), { cause: error });
  });
  try {
    return await send(url, path, source, signal);
  } finally {
    await source.close();
  }
}

async function send(
  url: string,
  path: string,
  { length, bytes, mayPause }: OpenFile,
  signal: AbortSignal,
): Promise<UploadAnswer> {
  const outgoing = (url.startsWith("https:") ? httpsRequest : httpRequest)(gatewayAddress(url, path), {
    method: "PUT",
    headers: { "content-type": "application/octet-stream", ...(length === undefined ? {} : { "content-length": length }) },
    signal,
  });
  if (!mayPause) {
    const error = new OperatorError(`nothing was sent or answered for ${SILENCE_MS / 1_000} seconds`);
    outgoing.setTimeout(SILENCE_MS, () => outgoing.destroy(error));
  }
  const answered = new Promise<UploadAnswer>((resolve, reject) => {
    outgoing.once("error", reject);
    outgoing.once("response", (incoming) => {
      let text = "";
      incoming.setEncoding("utf8").on("data", (part: string) => (text += part));
      const { statusCode: status = 0, headers } = incoming;
      incoming.once("error", reject).once("end", () => resolve({ status, text, retryAfter: headers["retry-after"] }));
    });
  });
  let readError: unknown;
  // Its failure destroys the request, which tells `answered`.
  const sending = Promise.allSettled([pipeline(Readable.from(noteError(bytes, (error) => (readError = error))), outgoing)]);
  try {
    return await answered;
  } catch (error) {
    signal.throwIfAborted();
    const cause = readError ?? error;
    if (cause instanceof OperatorError) throw cause;
    throw readError === undefined ? unreachable(url, error) : new OperatorError(fileError(readError), { cause });
  } finally {
    // A refusal comes before all is sent; what is left of the file is not wanted any more.
    outgoing.destroy();
    await sending;
  }
}

/** The stream that fails last hides why the first did. */
async function* noteError(bytes: AsyncIterable<Buffer>, note: (error: unknown) => void): AsyncGenerator<Buffer> {
  try {
    yield* bytes;
  } catch (error) {
    note(error);
    throw error;
  }
}
