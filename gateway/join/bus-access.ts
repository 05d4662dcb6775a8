import { readFile } from "node:fs/promises";
import type { JoinAnswer } from "../../schema/join-messages.js";
import type { GatewayConfig } from "../config.js";

type AuthorityFiles = Pick<GatewayConfig, "authorityFile" | "natsCaFile">;

/** The addresses of NATS for hosts, and the certificate authorities of gateways and NATS. */
export async function readBusAccess(
  config: Pick<GatewayConfig, "agentServers"> & AuthorityFiles,
): Promise<Pick<JoinAnswer, "servers" | "authority">> {
  const authority = await readAuthority(config);
  return { servers: [...config.agentServers], ...(authority === undefined ? {} : { authority }) };
}

/** The certificate authorities for hosts, read from disk now; undefined if hosts already trust them. */
export async function readAuthority({ authorityFile, natsCaFile }: AuthorityFiles): Promise<string | undefined> {
  const files = [...new Set([authorityFile, natsCaFile])].filter((file) => file !== undefined);
  const texts = await Promise.all(files.map((file) => readFile(file, "utf8")));
  return files.length === 0 ? undefined : [...new Set(texts)].join("\n");
}
