/** Large samples, made and sent piece by piece. */

import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { request } from "node:http";

const PIECE = 64 * 1024;
const CREATE = "mutation { createUpload { id } }";

/** Pieces of bytes that nobody has sent before. */
export function* piecesOf(bytes: number): Generator<Buffer> {
  const block = randomBytes(PIECE);
  for (let left = bytes; left > 0; left -= PIECE) {
    block.writeUInt32LE(left, 0);
    yield Buffer.from(block.subarray(0, Math.min(PIECE, left)));
  }
}

/** Sends as fast as it is taken, without the length; the answer. */
export async function sendPieces(
  url: string | URL,
  method: string,
  type: string,
  pieces: Iterable<Buffer | string>,
): Promise<string> {
  const outgoing = request(url, { method, agent: false, headers: { "content-type": type } });
  const answered = once(outgoing, "response");
  for (const piece of pieces) if (!outgoing.write(piece)) await once(outgoing, "drain");
  outgoing.end();
  const [incoming] = (await answered) as [AsyncIterable<Buffer> & { readonly statusCode: number }];
  let text = "";
  for await (const part of incoming) text += part.toString();
  if (incoming.statusCode >= 300) throw new Error(`${String(url)} answers ${incoming.statusCode}: ${text.slice(0, 200)}`);
  return text;
}

/** What the mesh says of an upload. */
export interface Uploaded {
  readonly sha256: string;
  readonly size: number;
}

/** Sends a sample to an upload URL of a gateway. */
export async function upload(gatewayUrl: string, pieces: Iterable<Buffer>): Promise<Uploaded> {
  const asked = await sendPieces(new URL("/graphql", gatewayUrl), "POST", "application/json", [
    JSON.stringify({ query: CREATE }),
  ]);
  const { data } = JSON.parse(asked) as { data: { createUpload: { id: string } } };
  const url = new URL(`/upload/${data.createUpload.id}`, gatewayUrl);
  return JSON.parse(await sendPieces(url, "PUT", "application/octet-stream", pieces)) as Uploaded;
}
