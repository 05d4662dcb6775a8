import { readFile } from "node:fs/promises";
import type { JoinAnswer } from "../../schema/join-messages.js";
import type { GatewayConfig } from "../config.js";

type AuthorityFiles = Pick<GatewayConfig, "authorityFile" | "natsCaFile">;

/** Where hosts reach NATS, and the authorities by which they know gateways and NATS. */
export async function readBusAccess(
  config: Pick<GatewayConfig, "agentServers"> & AuthorityFiles,
): Promise<Pick<JoinAnswer, "servers" | "authority">> {
  const authority = await readAuthority(config);
  return { servers: [...config.agentServers], ...(authority === undefined ? {} : { authority }) };
}

/** The authorities that hosts are given, as they are on disk now; undefined: hosts know them already. */
export async function readAuthority({ authorityFile, natsCaFile }: AuthorityFiles): Promise<string | undefined> {
  const files = [...new Set([authorityFile, natsCaFile])].filter((file) => file !== undefined);
  const texts = await Promise.all(files.map((file) => readFile(file, "utf8")));
  return files.length === 0 ? undefined : [...new Set(texts)].join("\n");
}
