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
  readonly serverName: string;
}

/** The configuration file's text. */
export function natsConfig(keys: Keys, settings: NatsSettings): string {
  const accounts = [keys.system, keys.accounts.isolated, keys.accounts.internet];
  return `# Written at each start.
server_name: ${quote(settings.serverName)}
listen: ${quote(`${settings.host}:${settings.port}`)}
${settings.portsDir === undefined ? "" : `ports_file_dir: ${quote(settings.portsDir)}\n`}max_payload: 1048576
jetstream {
  store_dir: ${quote(settings.storeDir)}
  max_file_store: ${Math.floor(settings.maxFileStore)}
}
operator: ${quote(keys.operator.jwt)}
system_account: ${keys.system.publicKey}
resolver {
  type: full
  dir: ${quote(settings.resolverDir)}
  allow_delete: false
}
resolver_preload {
${accounts.map((account) => `  ${account.publicKey}: ${quote(account.jwt)}`).join("\n")}
}
`;
}

function quote(text: string): string {
  return JSON.stringify(text);
}
