import type { Client } from "../../cli/client.js";

/** Uploads bytes by the client of the command line and submits their scan; its number. */
export async function submitBytes(client: Client, text: string): Promise<number> {
  const { signal } = new AbortController();
  const bytes = Buffer.from(text);
  async function* read() {
    yield bytes;
  }
  const open = async () => ({ length: bytes.length, bytes: read(), mayPause: false, close: async () => {} });
  const options = { speed: "ALL", internet: false, engines: undefined, deadline: undefined };
  const uploadId = await client.upload({ file: "a", name: "a", open }, signal);
  return (await client.submit(uploadId, "a", options, signal)).scanId;
}
