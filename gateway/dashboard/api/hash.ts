/** Hashes of samples. */

import { address } from "./address.ts";
import type { HashAnswer } from "./hash-worker.ts";
import { Away, UNREACHABLE } from "./persist.ts";

const HASH = /^(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})$/i;

/** Whether a text is an md5, sha1 or sha256 in hex. */
export function isHash(text: string): boolean {
  return HASH.test(text);
}

/** Workers that have nothing to do: to start one for each file of a folder takes longer than most of the hashes. */
const idle: Worker[] = [];

/** Throws if the file cannot be read, as when it was moved meanwhile, or if the worker's script is gone, and Away if nobody answers. */
export async function hashFile(file: Blob, signal: AbortSignal, onProgress: (done: number) => void): Promise<string> {
  const worker = idle.pop() ?? new Worker(new URL("./hash-worker.ts", import.meta.url), { type: "module" });
  const listening = new AbortController();
  const listen = { signal: listening.signal };
  try {
    const sha256 = await new Promise<string>((resolve, reject) => {
      signal.addEventListener("abort", () => reject(new Error("It was stopped.")), listen);
      // An event without a message: its script could not be loaded.
      const fail = (event: Event) =>
        event instanceof ErrorEvent ? reject(new Error("The file could not be hashed.")) : void whyNoScript().then(reject);
      worker.addEventListener("error", fail, listen);
      const hear = ({ data }: MessageEvent<HashAnswer>) => {
        if ("done" in data) onProgress(data.done);
        else if ("sha256" in data) resolve(data.sha256);
        else reject(new Error(`The file cannot be read: ${data.error}`));
      };
      worker.addEventListener("message", hear, listen);
      worker.postMessage(file);
    });
    idle.push(worker);
    return sha256;
  } catch (error) {
    worker.terminate();
    throw error;
  } finally {
    listening.abort();
  }
}

/** A page that is older than the gateway asks for a script that is gone. */
async function whyNoScript(): Promise<Error> {
  try {
    if ((await fetch(address("readyz"))).ok)
      return new Error("The gateway has another version than this page: load the page again.");
  } catch {
    // Nobody answers.
  }
  return new Away(UNREACHABLE);
}
