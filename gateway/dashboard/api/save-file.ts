/** Saves what the gateway answers as a file. A link could not do it: the key is in a header. */

import { address } from "./address.ts";
import { keyHeader } from "./key.ts";

/** Throws an error with the gateway's own sentence if it refuses. */
export async function saveFile(path: string, name: string): Promise<void> {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await (await fetchFile(path)).blob());
  link.download = name;
  link.click();
  // The browser has begun to save it by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** The first bytes of what the gateway answers; the rest is not read. */
export async function fetchStart(path: string, length: number): Promise<Uint8Array> {
  const stop = new AbortController();
  const { body } = await fetchFile(path, stop.signal);
  const start = new Uint8Array(length);
  let filled = 0;
  for (const reader = body?.getReader(); reader !== undefined && filled < length;) {
    const { done, value } = await reader.read();
    if (done) break;
    const part = value.subarray(0, length - filled);
    start.set(part, filled);
    filled += part.length;
  }
  stop.abort();
  return start.subarray(0, filled);
}

async function fetchFile(path: string, signal: AbortSignal | null = null): Promise<Response> {
  const response = await fetch(address(path), { headers: keyHeader(), signal });
  if (response.ok) return response;
  throw new Error(refusalIn(await response.text()) ?? `The gateway answered ${response.status}.`);
}

/** The gateway's own sentence in an answer; undefined where a proxy answers with a page of its own. */
export function refusalIn(answer: string): string | undefined {
  try {
    const { error } = JSON.parse(answer) as { error?: unknown };
    return typeof error === "string" ? error : undefined;
  } catch {
    return undefined;
  }
}
