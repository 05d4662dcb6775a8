/** The configuration of nats-server in operator mode. */

import type { Keys } from "./keys.js";

/** What of the configuration depends on the machine. */
export interface NatsSettings {
  /** Address to listen on. */
  readonly host: string;
  readonly port: number;
  /** Folder of JetStream's files. */
  readonly storeDir: string;
  /** Folder in which the server keeps the accounts' claims. */
  readonly resolverDir: string;
  /** Bytes that JetStream may use; below the disk, because on a full one the server hangs. */
  readonly maxFileStore: number;
  /** Folder in which the server notes its addresses once it is ready, or undefined. */
  readonly portsDir?: string;
  /** Address at which the server tells how it is, e.g. `127.0.0.1:8222`, or undefined: nowhere. It asks for no key there. */
  readonly monitor?: string;
  /** Whether every write reaches the disk before it is acknowledged. Servers before 2.10 refuse a configuration that says so. */
  readonly syncAlways?: boolean;
  readonly serverName: string;
  /** Files (PEM) of the certificate and key with which clients are spoken to; undefined: unencrypted. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
}

/** How long a handshake may take; many agents come at once when a server starts again. */
const HANDSHAKE_SECONDS = 10;

/** The configuration file's text. */
export function natsConfig(keys: Keys, settings: NatsSettings): string {
  const accounts = [keys.system, keys.accounts.isolated, keys.accounts.internet];
  const { portsDir, monitor, syncAlways = false, tls } = settings;
  return `# Written at each start.
server_name: ${quote(settings.serverName)}
listen: ${quote(`${urlHost(settings.host)}:${settings.port}`)}
${tls === undefined ? "" : `tls {\n  cert_file: ${quote(tls.cert)}\n  key_file: ${quote(tls.key)}\n  timeout: ${HANDSHAKE_SECONDS}\n}\n`}${portsDir === undefined ? "" : `ports_file_dir: ${quote(portsDir)}\n`}${monitor === undefined ? "" : `http: ${quote(monitor)}\n`}max_payload: 1048576
jetstream {
  store_dir: ${quote(settings.storeDir)}
  max_file_store: ${Math.floor(settings.maxFileStore)}
${syncAlways ? "  sync_interval: always\n" : ""}}
operator: ${quote(keys.operator.jwt)}
system_account: ${keys.system.publicKey}
resolver {
  type: full
  dir: ${quote(settings.resolverDir)}
  allow_delete: true
}
resolver_preload {
${accounts.map((account) => `  ${account.publicKey}: ${quote(account.jwt)}`).join("\n")}
}
`;
}

/** A host as addresses have it. */
export function urlHost(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

function quote(text: string): string {
  return JSON.stringify(text);
}
