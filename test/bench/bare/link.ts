/** What the bare path's two processes do on the bus. */

import { readFile } from "node:fs/promises";
import { connect, credsAuthenticator, headers, type Msg, type MsgHdrs, type NatsConnection } from "nats";

/** The one engine and agent of the bare path. */
export const ENGINE = "null";
export const AGENT = "bare";
export const TIMEOUT_MS = 10_000;

export async function openLink(name: string): Promise<NatsConnection> {
  const { NATS_URL: servers = "", CREDS = "" } = process.env;
  return connect({ servers, authenticator: credsAuthenticator(await readFile(CREDS)), name, noAsyncTraces: true });
}

export function messageId(id: string): MsgHdrs {
  const made = headers();
  made.set("Nats-Msg-Id", id);
  return made;
}

/** The sequence of a stored message, out of the server's acknowledgement of it. */
export function storedAs(answer: Msg): number {
  const { seq, error } = answer.json<{ seq?: number; error?: { description: string } }>();
  if (seq === undefined) throw new Error(`not stored: ${error?.description}`);
  return seq;
}

/** Ends with whoever started this process, or when asked to. */
export function endWithParent(): void {
  process.on("disconnect", () => process.exit());
  process.on("SIGTERM", () => process.exit());
}
