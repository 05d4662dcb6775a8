/** Sends the bytes of a file to an upload URL, and tells how far it is. */

import { address } from "./address.ts";
import { keyHeader } from "./key.ts";
import { Away } from "./persist.ts";
import { refusalIn } from "./save-file.ts";

const STOPPED = "It was stopped.";

/** Too many requests, a proxy without its gateway, a mesh that takes nothing now, a store that is full. */
const LATER: ReadonlySet<number> = new Set([429, 502, 503, 504, 507]);

/** The connection broke while the bytes were on their way. */
export class CutOff extends Away {
  constructor() {
    super("The connection to the gateway broke.");
  }
}

export interface Sending {
  readonly id: string;
  readonly file: Blob;
  readonly signal: AbortSignal;
  onProgress(sent: number): void;
}

/** Returns the sha256 of what arrived. Throws an error with the gateway's own sentence if it refuses the bytes, and CutOff. */
export function sendBytes({ id, file, signal, onProgress }: Sending): Promise<string> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(new Error(STOPPED));
    // fetch does not tell how much it has sent.
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    signal.addEventListener("abort", abort, { once: true });
    request.upload.addEventListener("progress", ({ loaded }) => onProgress(loaded));
    request.addEventListener("loadend", () => {
      signal.removeEventListener("abort", abort);
      if (signal.aborted) reject(new Error(STOPPED));
      else if (request.status === 201) resolve((JSON.parse(request.responseText) as { sha256: string }).sha256);
      else reject(refusal(request));
    });
    request.open("PUT", address(`upload/${encodeURIComponent(id)}`));
    request.setRequestHeader("content-type", "application/octet-stream");
    for (const [name, value] of Object.entries(keyHeader())) request.setRequestHeader(name, value);
    request.send(file);
  });
}

function refusal(request: XMLHttpRequest): Error {
  const { status, responseText } = request;
  if (status === 0) return new CutOff();
  const message = refusalIn(responseText) ?? `The gateway answered ${status}.`;
  // A proxy may write a date there.
  const retryAfter = Number.parseInt(request.getResponseHeader("retry-after") ?? "", 10) || null;
  return LATER.has(status) ? new Away(message, retryAfter) : new Error(message);
}
