/** Sends the bytes of a file to an upload URL, and tells how far it is. */

import { address } from "./address.ts";
import { keyHeader } from "./key.ts";
import { refusalIn } from "./save-file.ts";

const STOPPED = "It was stopped.";

export interface Sending {
  readonly id: string;
  readonly file: Blob;
  readonly signal: AbortSignal;
  onProgress(sent: number): void;
}

/** Throws an error with the gateway's own sentence if it refuses the bytes, and with one of ours if it cannot be reached. */
export function sendBytes({ id, file, signal, onProgress }: Sending): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(new Error(STOPPED));
    // fetch does not tell how much it has sent.
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    signal.addEventListener("abort", abort, { once: true });
    request.upload.addEventListener("progress", ({ loaded }) => onProgress(loaded));
    request.addEventListener("loadend", () => {
      signal.removeEventListener("abort", abort);
      if (request.status >= 200 && request.status < 300) resolve();
      else reject(new Error(signal.aborted ? STOPPED : refusal(request)));
    });
    request.open("PUT", address(`upload/${encodeURIComponent(id)}`));
    request.setRequestHeader("content-type", "application/octet-stream");
    for (const [name, value] of Object.entries(keyHeader())) request.setRequestHeader(name, value);
    request.send(file);
  });
}

function refusal({ status, responseText }: XMLHttpRequest): string {
  if (status === 0) return "The connection to the gateway broke.";
  return refusalIn(responseText) ?? `The gateway answered ${status}.`;
}
