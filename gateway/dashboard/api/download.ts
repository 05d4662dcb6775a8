/** Downloads: the gateway gives an address that works once, without the key. */

import { CreateDownload, type CreateDownloadInput } from "../generated/download.ts";
import { address } from "./address.ts";
import { answerTo } from "./answer.ts";
import { client } from "./client.ts";
import { refusalIn } from "./save-file.ts";

/** Lets the browser save a file while it comes, however large it is. Throws an error with the gateway's own sentence if it refuses. */
export async function startDownload(input: CreateDownloadInput): Promise<void> {
  const link = document.createElement("a");
  link.href = await oneTimeAddress(input);
  link.download = "";
  link.click();
}

/** The bytes of a download, for this page. */
export async function readDownload(input: CreateDownloadInput): Promise<Uint8Array> {
  const response = await fetch(await oneTimeAddress(input));
  if (response.ok) return new Uint8Array(await response.arrayBuffer());
  throw new Error(refusalIn(await response.text()) ?? `The gateway answered ${response.status}.`);
}

/** The page may be open below another address than the mesh's own. */
async function oneTimeAddress(input: CreateDownloadInput): Promise<string> {
  const { createDownload } = await answerTo(client.mutation(CreateDownload, { input }).toPromise());
  if (!("url" in createDownload)) throw new Error(createDownload.message);
  return address(`download/${createDownload.url.slice(createDownload.url.lastIndexOf("/") + 1)}`);
}
