import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { hasCode } from "../contract.js";
import type { AgentConfig } from "../config.js";

const JWT = /-----BEGIN NATS USER JWT-----\s*(\S+)/;

/**
 * Tells this mesh from others on the same Docker host, also after a restart: by the account that has signed the agent's credentials, or
 * by the addresses of a NATS that asks for none.
 */
export async function readMeshIdentity({ credsFile, servers }: Pick<AgentConfig, "credsFile" | "servers">): Promise<string> {
  const account = credsFile === undefined ? undefined : await readAccount(credsFile);
  const name = account ?? servers.toSorted().join(",");
  return createHash("sha256").update(name).digest("hex").slice(0, 16);
}

/** The public key of the account of a credentials file; undefined if it cannot be read, which connecting will say. */
async function readAccount(file: string): Promise<string | undefined> {
  try {
    const claims = JWT.exec(await readFile(file, "utf8"))?.[1]?.split(".")[1] ?? "";
    const { iss, nats } = JSON.parse(Buffer.from(claims, "base64url").toString("utf8")) as {
      iss?: unknown;
      nats?: { issuer_account?: unknown };
    };
    const account = nats?.issuer_account ?? iss;
    return typeof account === "string" ? account : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || hasCode(error, "ENOENT", "EACCES", "EISDIR")) return undefined;
    throw error;
  }
}
