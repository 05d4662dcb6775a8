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

async function fetchFile(path: string): Promise<Response> {
  const response = await fetch(address(path), { headers: keyHeader() });
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
