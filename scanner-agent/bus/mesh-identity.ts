import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { hasCode } from "../contract.js";
import type { AgentConfig } from "../config.js";
import { readClaims } from "./credentials.js";

/**
 * Tells this mesh from others on the same Docker host, also after a restart: by the account that has signed the agent's
 * credentials, or by the addresses of a NATS that asks for none.
 */
export async function readMeshIdentity({ credsFile, servers }: Pick<AgentConfig, "credsFile" | "servers">): Promise<string> {
  const account = credsFile === undefined ? undefined : await readAccount(credsFile);
  const name = account ?? servers.toSorted().join(",");
  return createHash("sha256").update(name).digest("hex").slice(0, 16);
}

/** The public key of the account of a credentials file; undefined if it cannot be read, which connecting will say. */
async function readAccount(file: string): Promise<string | undefined> {
  try {
    const claims = readClaims(await readFile(file, "utf8"));
    return claims?.nats?.issuer_account ?? claims?.iss;
  } catch (error) {
    if (hasCode(error, "ENOENT", "EACCES", "EISDIR")) return undefined;
    throw error;
  }
}
