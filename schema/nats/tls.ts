/** TLS towards NATS. It is required for addresses that begin with `tls://`: no one in between can downgrade a client. */

import { isIP } from "node:net";
import { checkServerIdentity, type PeerCertificate } from "node:tls";
import type { ConnectionOptions } from "nats";

/** The client's options that TLS decides. */
export type TlsOptions = Pick<ConnectionOptions, "tls">;

/**
 * The options for these servers. `readAuthority` gives the certificates that the server's own is checked with, at each connection, so
 * that they can be replaced meanwhile; undefined: those that Node knows.
 */
export function natsTls(servers: readonly string[], readAuthority: () => string | undefined): TlsOptions {
  if (!servers.some((server) => server.startsWith("tls://"))) return {};
  const hosts = servers.map(hostOf);
  const tls = {
    get ca() {
      // An empty text stands for the authorities that Node knows.
      return readAuthority() ?? "";
    },
    checkServerIdentity: (name: string, certificate: PeerCertificate) => checkName(hosts, name, certificate),
  };
  return { tls };
}

/** The client passes no name for a server that is reached by an address, and Node would then check for `localhost`. */
function checkName(hosts: readonly string[], name: string, certificate: PeerCertificate): Error | undefined {
  if (name !== "localhost") return checkServerIdentity(name, certificate);
  const problems = hosts
    .filter((host) => host === name || isIP(host) !== 0)
    .map((host) => checkServerIdentity(host, certificate));
  return problems.includes(undefined) ? undefined : problems[0];
}

function hostOf(server: string): string {
  return new URL(/^\w+:\/\//.test(server) ? server : `tls://${server}`).hostname.replace(/^\[|\]$/g, "");
}
