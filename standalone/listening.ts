/** How the mesh of one machine is reached by other hosts: `--listen`, with a certificate of its own or a given one. */

import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import { hostname, networkInterfaces } from "node:os";
import { OperatorError } from "../schema/operator-error.js";
import { isFor } from "../schema/certificate-names.js";
import type { Listening } from "./config.js";
import { urlHost } from "./nats-config.js";

/** A certificate that is kept up to date while the mesh runs. */
export interface KeptCertificate {
  /** Files in PEM; `ca` is undefined where everybody knows the authority. */
  readonly files: { readonly ca: string | undefined; readonly cert: string; readonly key: string };
  /** How this machine itself reaches the address that is listened on: a name that the certificate is for. */
  readonly name: string;
  /** Signs it anew when it is time, and calls back whenever the one on disk has changed, until that is stopped. */
  follow(onChange: () => void, tell: (line: string) => void): () => void;
}

const CERTIFICATE_LOOK_MS = 1_000;
const HOUR_MS = 3_600_000;
const LOOPBACK = ["localhost", "127.0.0.1", "::1"];

/** Where other hosts reach the mesh. */
export function openAddresses({ host, names, httpsPort, natsPort }: Listening): { gateway: string; nats: string } {
  const [first, ...others] = names.length > 0 ? names : [isAny(host) ? (externalAddresses()[0] ?? hostname()) : host];
  const gateway = `https://${urlHost(first ?? host)}:${httpsPort}`;
  return { gateway, nats: [first ?? host, ...others].map((name) => `tls://${urlHost(name)}:${natsPort}`).join() };
}

/** The certificate in the folder, made if need be, or the given one. Throws {@link OperatorError} for one that is for no name of this machine. */
export async function openCertificate(dir: string, { host, names, given }: Listening): Promise<KeptCertificate> {
  const all = [...new Set([...names, ...(isAny(host) ? externalAddresses() : [host]), ...LOOPBACK])];
  const make = async () => {
    // Its library takes long to load, and few starts need it.
    const { makeCertificates } = await import("./certificates.js");
    return makeCertificates(dir, all);
  };
  const files = given ?? (await make());
  let current = await readFile(files.cert, "utf8");
  const here = isAny(host) ? ["127.0.0.1", ...names] : [host, ...names];
  const certificate = readCertificate(files.cert, current);
  const name = here.find((one) => isFor(certificate, one));
  if (name === undefined)
    throw new OperatorError(
      `SCANMESH_TLS_CERT: the certificate in ${files.cert} is for ${certificate.subjectAltName ?? "no name"}, and not for ` +
        `${here.join(" or ")}: name this machine in SCANMESH_TLS_NAMES as the certificate does.`,
    );
  return {
    files,
    name,
    follow(onChange, tell) {
      let told = "";
      let madeAt = Date.now();
      const look = async () => {
        if (!given && Date.now() - madeAt > HOUR_MS) {
          madeAt = Date.now();
          await make();
        }
        const now = await readFile(files.cert, "utf8");
        if (now === current) return;
        current = now;
        onChange();
      };
      const onError = (error: unknown) => {
        const line = `The certificate in ${files.cert} cannot be looked after: ${String(error)}`;
        if (line !== told) tell(line);
        told = line;
      };
      const timer = setInterval(() => void look().catch(onError), CERTIFICATE_LOOK_MS).unref();
      return () => clearInterval(timer);
    },
  };
}

function readCertificate(file: string, text: string): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch (error) {
    throw new OperatorError(`SCANMESH_TLS_CERT: ${file} is no certificate in PEM.`, { cause: error });
  }
}

function isAny(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}

function externalAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const external = all.filter(({ internal, address }) => !internal && isIP(address) !== 0 && !address.startsWith("fe80:"));
  return external.toSorted((one, other) => one.family.localeCompare(other.family)).map(({ address }) => address);
}
