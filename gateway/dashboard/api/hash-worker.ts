/** A worker that makes the sha256 of a file, a piece at a time. */

import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";

/** What the worker answers: how far it is, and in the end the hash or why there is none. */
export type HashAnswer = { readonly done: number } | { readonly sha256: string } | { readonly error: string };

const answer = (message: HashAnswer) => postMessage(message);

addEventListener("message", ({ data }: MessageEvent<Blob>) => void hash(data));

async function hash(file: Blob): Promise<void> {
  try {
    const state = sha256.create();
    let done = 0;
    for (const reader = file.stream().getReader(); ;) {
      const { value, done: isOver } = await reader.read();
      if (isOver) break;
      state.update(value);
      done += value.length;
      answer({ done });
    }
    answer({ sha256: bytesToHex(state.digest()) });
  } catch (error) {
    answer({ error: error instanceof Error ? error.message : String(error) });
  }
}
