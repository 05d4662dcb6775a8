/** How tests send bundles. */

import { createHash } from "node:crypto";
import { ask, data, type Answer } from "../http/http-client.js";

export const sha256 = (bytes: string | Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** A URL to send a bundle to. */
export async function openBundle(url: string, engine: string, set = "main"): Promise<string> {
  const mutation = `mutation ($input: CreateBundleInput!) { createBundle(input: $input) {
    ... on CreateBundleSuccess { url } ... on UserError { message } } }`;
  const { createBundle } = await data<{ createBundle: { url?: string; message?: string } }>(url, mutation, {
    input: { engine, set },
  });
  if (createBundle.url === undefined) throw new Error(createBundle.message);
  return createBundle.url;
}

export const putFile = (to: string, bytes: string | Uint8Array, name = sha256(bytes)): Promise<Answer> =>
  ask(`${to}/${name}`, { method: "PUT", body: bytes });

export const post = (to: string, body: object): Promise<Answer> =>
  ask(to, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

/** The files of a bundle as they are listed. */
export const listing = (files: Readonly<Record<string, string | Uint8Array>>) =>
  Object.entries(files).map(([path, bytes]) => ({ path, size: Buffer.from(bytes).length, sha256: sha256(bytes) }));

/** Sends files, and publishes them. */
export async function publish(
  url: string,
  files: Readonly<Record<string, string | Uint8Array>>,
  { engine = "Av", set = "main", ...rest }: { engine?: string; set?: string; [key: string]: unknown } = {},
): Promise<Answer> {
  const to = await openBundle(url, engine, set);
  for (const bytes of Object.values(files)) await putFile(to, bytes);
  return post(to, { files: listing(files), ...rest });
}

/** A bundle as the API shows it. */
export interface Shown {
  readonly id: string;
  readonly sequence: number;
  readonly version: string | null;
  readonly digest: string;
  readonly fileCount: number;
  readonly size: number;
  readonly source: string;
}

/** The bundles that the API lists. */
export async function listed(url: string, options = ""): Promise<Shown[]> {
  const query = `{ bundles${options} { nodes { id sequence version digest fileCount size source } } }`;
  return (await data<{ bundles: { nodes: Shown[] } }>(url, query)).bundles.nodes;
}
