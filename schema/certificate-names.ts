import type { X509Certificate } from "node:crypto";
import { isIP } from "node:net";

/** Whether a certificate is for a name or an address. */
export function isFor(certificate: X509Certificate, name: string): boolean {
  return (isIP(name) === 0 ? certificate.checkHost(name, { subject: "never" }) : certificate.checkIP(name)) !== undefined;
}
