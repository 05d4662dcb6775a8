import { createHash, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { isFor } from "../../schema/certificate-names.js";
import { joinLines, type JoinLine } from "../../schema/join-lines.js";
import { parseJoinToken } from "../../schema/join-token.js";
import type { HttpsConfig } from "../http/config.js";
import type { GatewayConfig } from "../config.js";

/** What the lines depend on besides the token. */
export type LineConfig = Pick<GatewayConfig, "agentImage"> & CertificateConfig;

/** The certificate by which hosts recognise the gateway. */
export interface CertificateConfig extends Pick<GatewayConfig, "authorityFile"> {
  readonly https: Pick<HttpsConfig, "certFile" | "port"> | undefined;
}

/** The command lines with which hosts join using a token. */
export async function readTokenLines(config: LineConfig, token: string): Promise<readonly JoinLine[]> {
  const pin = await readPin(config, parseJoinToken(token).gateway);
  return joinLines(token, { image: config.agentImage, pin });
}

const HTTPS_PORT = 443;

/**
 * The pin for curl: the hash of the public key in the gateway's certificate, if hosts do not know its authority. The key stays the same
 * when the certificate is renewed. Undefined if the address is that of a proxy: then the certificate is for another name, or the address
 * has the default port and the gateway does not.
 */
export async function readPin({ https, authorityFile }: CertificateConfig, address: string): Promise<string | undefined> {
  if (https === undefined || authorityFile === undefined || !URL.canParse(address)) return undefined;
  const { protocol, hostname, port } = new URL(address);
  if (protocol !== "https:") return undefined;
  if (port === "" && https.port !== HTTPS_PORT) return undefined;
  const certificate = new X509Certificate(await readFile(https.certFile));
  if (!isFor(certificate, hostname.replace(/^\[|\]$/g, ""))) return undefined;
  const der = certificate.publicKey.export({ type: "spki", format: "der" });
  return `sha256//${createHash("sha256").update(der).digest("base64")}`;
}
