/** The settings for listening, and for who may call the gateway. */

import { isIPv4 } from "node:net";
import { anyText, commaListOf, filePath, integer, oneOf, webAddress, type Values } from "../../schema/settings.js";

/** The port that clients of MultiAV2 use. */
export const DEFAULT_PORT = 8080;

type Env = Readonly<Record<string, string | undefined>>;

export const listeningSettings = {
  HOST: {
    type: anyText.describe("address"),
    fallback: "127.0.0.1",
    example: "0.0.0.0",
    about: "Address the gateway listens on.",
  },
  PORT: {
    type: integer(0, 65_535),
    shown: `${DEFAULT_PORT}, or a free one if it is taken`,
    example: "9000",
    about: "Port the gateway listens on; a port that was asked for and is taken is an error.",
  },
  SCANMESH_TLS_CERT: {
    type: filePath,
    shown: "HTTP alone",
    example: "/etc/scanmesh/tls/fullchain.pem",
    about: "Certificate (PEM, with those between it and its authority) with which the gateway speaks HTTPS, besides HTTP.",
  },
  SCANMESH_TLS_KEY: {
    type: filePath,
    shown: "HTTP alone",
    example: "/etc/scanmesh/tls/privkey.pem",
    about: "The certificate's private key (PEM). Both files are read again when they have changed.",
  },
  SCANMESH_TLS_CA: {
    type: filePath,
    shown: "hosts know the authority",
    example: "/etc/scanmesh/tls/ca.pem",
    about: "Authority (PEM) that has signed the certificates of the gateway and of NATS; hosts that join are given it.",
  },
  SCANMESH_TLS_HOST: {
    type: anyText.describe("address"),
    fallback: "0.0.0.0",
    example: "10.0.0.5",
    about: "Address at which the gateway speaks HTTPS.",
  },
  SCANMESH_TLS_PORT: {
    type: integer(0, 65_535),
    fallback: "8443",
    example: "443",
    about: "Port at which the gateway speaks HTTPS.",
  },
  SCANMESH_AUTH: {
    type: oneOf(["keys", "off"]),
    shown: "`off` on loopback, else it must be set",
    example: "keys",
    about: "`keys`: every caller needs an API key. `off`: whoever reaches the gateway may do everything.",
  },
  SCANMESH_TRUSTED_PROXIES: {
    type: commaListOf(
      /^([0-9a-f.:]+(\/\d{1,3})?|loopback|linklocal|uniquelocal)$/i,
      "addresses or networks, separated by commas",
    ),
    fallback: "",
    example: "10.0.0.0/8,loopback",
    about:
      "Proxies whose `X-Forwarded-For` is believed. Items are addresses, networks, `loopback`, `linklocal` or `uniquelocal`.",
  },
  SCANMESH_HOSTS: {
    type: commaListOf(/^[a-z0-9.:-]+$/i, "host names or addresses without ports, separated by commas"),
    fallback: "",
    example: "scanmesh.example.org",
    about: "Host names, besides loopback's, by which the gateway may be called while it asks for no key.",
  },
  SCANMESH_ORIGINS: {
    type: commaListOf(/^https?:\/\/[^\s/*]+$/i, "origins such as https://soc.example.org, separated by commas"),
    fallback: "",
    example: "https://soc.example.org",
    about: "Origins of web pages that may use the API (CORS).",
  },
  SCANMESH_PUBLIC_URL: {
    type: webAddress,
    shown: "the address it listens on",
    example: "https://scan.example.org",
    about: "Address that upload URLs begin with, when a proxy stands before the gateway.",
  },
} as const;

/** Where the gateway serves HTTPS, and its certificate and key. */
export interface HttpsConfig {
  readonly host: string;
  readonly port: number;
  readonly certFile: string;
  readonly keyFile: string;
}

/** How the gateway listens and who may call it. */
export interface ListeningConfig {
  readonly host: string;
  /** Undefined: {@link DEFAULT_PORT}, or a free one if that is taken. */
  readonly port: number | undefined;
  /** Undefined: only HTTP. */
  readonly https: HttpsConfig | undefined;
  /** File of the certificate authority to hand to hosts; undefined if they already trust it. */
  readonly authorityFile: string | undefined;
  readonly auth: "keys" | "off";
  readonly trustedProxies: readonly string[];
  /** Host names under which it may be called. */
  readonly hosts: readonly string[];
  readonly origins: readonly string[];
  readonly publicUrl: string | undefined;
}

export function readListening(values: Values<typeof listeningSettings>): ListeningConfig {
  const { SCANMESH_TLS_CERT: certFile, SCANMESH_TLS_KEY: keyFile } = values;
  const isSecure = certFile !== undefined && keyFile !== undefined;
  return {
    host: values.HOST,
    port: values.PORT,
    https: isSecure ? { host: values.SCANMESH_TLS_HOST, port: values.SCANMESH_TLS_PORT, certFile, keyFile } : undefined,
    authorityFile: values.SCANMESH_TLS_CA,
    auth: values.SCANMESH_AUTH ?? "off",
    trustedProxies: values.SCANMESH_TRUSTED_PROXIES,
    hosts: values.SCANMESH_HOSTS,
    origins: values.SCANMESH_ORIGINS,
    publicUrl: values.SCANMESH_PUBLIC_URL,
  };
}

/** Missing settings, a sentence each. */
export function listeningMissing(env: Env): string[] {
  const names = ["SCANMESH_TLS_CERT", "SCANMESH_TLS_KEY"] as const;
  const set = names.filter((name) => env[name]);
  const missing = set.length === 1 ? names.filter((name) => !env[name]) : [];
  const open = [["HOST", env["HOST"] || listeningSettings.HOST.fallback]];
  if (set.length > 0) open.push(["SCANMESH_TLS_HOST", env["SCANMESH_TLS_HOST"] || listeningSettings.SCANMESH_TLS_HOST.fallback]);
  const [setting, host] = open.find(([, address = ""]) => !isLoopback(address)) ?? [];
  const isUndecided = host !== undefined && !env["SCANMESH_AUTH"];
  return [
    ...(isUndecided
      ? [
          `SCANMESH_AUTH: must be set where ${setting} is no loopback address, such as ${JSON.stringify(host)}: keys asks every caller ` +
            "for an API key, off lets everybody in",
        ]
      : []),
    ...missing.map((name) => `${name}: must be set where ${set.join()} is set`),
  ];
}

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIPv4(host) && host.startsWith("127."));
}
