/** The agent's identity: its private key, which never leaves the host, and the mesh that it has joined, in a folder only its owner can read. */

import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createUser, fmtCreds, fromSeed, type KeyPair } from "@nats-io/jwt";
import { z } from "zod";
import { InternetClass } from "../../schema/classes.js";
import { currentFile } from "../../schema/current-file.js";
import type { RenewAnswer } from "../../schema/join-messages.js";
import { agentId } from "../../schema/message-fields.js";
import { OperatorError } from "../../schema/operator-error.js";
import type { AgentConfig, JoinedAgent } from "../config.js";
import { hasCode } from "../contract.js";

const AgentFile = z.object({
  v: z.literal(1),
  /** Where a gateway is. */
  gateway: z.string(),
  agent: agentId,
  class: z.enum(InternetClass),
  servers: z.array(z.string()).min(1),
  authority: z.string().optional(),
});

const FILES = { seed: "agent.nk", credentials: "agent.creds", agent: "agent.json" } as const;

/** What a folder says of the agent; undefined if it has not joined. */
export async function readIdentity(folder: string): Promise<JoinedAgent | undefined> {
  const text = await readIfThere(join(folder, FILES.agent));
  if (text === undefined || (await readIfThere(join(folder, FILES.credentials))) === undefined) return undefined;
  const { data } = AgentFile.safeParse(parseJson(text));
  if (!data) throw new OperatorError(`The identity in ${folder} cannot be read: remove the folder, and join with a new token.`);
  const { gateway, agent, class: internet, servers, authority } = data;
  return { folder, gateway, agent, internet, servers, authority, credsFile: join(folder, FILES.credentials) };
}

/** The authorities by which the agent knows NATS: those on disk at each call, since a renewal may bring others. */
export function natsAuthority({ natsCaFile, joined }: Pick<AgentConfig, "natsCaFile" | "joined">): () => string | undefined {
  if (natsCaFile !== undefined) return currentFile(natsCaFile);
  if (!joined) return () => undefined;
  const read = currentFile(join(joined.folder, FILES.agent));
  return () => AgentFile.safeParse(parseJson(read())).data?.authority;
}

/** Where NATS is: what the settings say, else what is on disk at each call. */
export function natsServers({ servers, joined }: Pick<AgentConfig, "servers" | "joined">): () => readonly string[] {
  if (servers !== joined?.servers) return () => servers;
  const read = currentFile(join(joined.folder, FILES.agent));
  return () => AgentFile.safeParse(parseJson(read())).data?.servers ?? servers;
}

/** The agent's key, made if there is none. It is written before the first request, so that a repeated request has the same key. */
export async function openKey(folder: string): Promise<KeyPair> {
  const file = join(folder, FILES.seed);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const kept = await readIfThere(file);
  if (kept !== undefined) return fromSeed(Buffer.from(kept.trim()));
  const key = createUser();
  await writeWhole(file, Buffer.from(key.getSeed()));
  return key;
}

/** Keeps what a gateway has answered. */
export async function saveIdentity(folder: string, gateway: string, key: KeyPair, answer: RenewAnswer): Promise<void> {
  const { agent, class: internet, servers, authority, jwt } = answer;
  await writeWhole(join(folder, FILES.credentials), Buffer.from(fmtCreds(jwt, key)));
  await writeWhole(join(folder, FILES.agent), JSON.stringify({ v: 1, gateway, agent, class: internet, servers, authority }));
}

/** Forgets the key, and the mesh that does not let it in any more. The folder stays: it may be a volume. */
export async function forgetKey(folder: string): Promise<void> {
  for (const file of Object.values(FILES)) await rm(join(folder, file), { force: true });
}

/** Forgets the mesh and the key. */
export async function removeIdentity(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}

/** Readers see the old file or the new one, never a part. */
async function writeWhole(file: string, content: string | Buffer): Promise<void> {
  const draft = `${file}.new`;
  await rm(draft, { force: true });
  await writeFile(draft, content, { mode: 0o600, flush: true });
  await rename(draft, file);
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw new OperatorError(`${file} cannot be read (${String(error)}): run the agent as the user who has joined.`, {
      cause: error,
    });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
