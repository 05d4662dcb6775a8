/** Hashes of samples. */

import type { HashAnswer } from "./hash-worker.ts";

const HASH = /^(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})$/i;

/** Whether a text is an md5, sha1 or sha256 in hex. */
export function isHash(text: string): boolean {
  return HASH.test(text);
}

/** The sha256 of a file, made beside the page so that it stays quick. Throws if the file cannot be read, as when it was moved meanwhile. */
export function hashFile(file: Blob, signal: AbortSignal, onProgress: (done: number) => void): Promise<string> {
  const worker = new Worker(new URL("./hash-worker.ts", import.meta.url), { type: "module" });
  return new Promise<string>((resolve, reject) => {
    signal.addEventListener("abort", () => reject(new Error("It was stopped.")), { once: true });
    worker.addEventListener("error", () => reject(new Error("The file could not be hashed.")));
    worker.addEventListener("message", ({ data }: MessageEvent<HashAnswer>) => {
      if ("done" in data) onProgress(data.done);
      else if ("sha256" in data) resolve(data.sha256);
      else reject(new Error(`The file cannot be read: ${data.error}`));
    });
    worker.postMessage(file);
  }).finally(() => worker.terminate());
}
