/**
 * The mesh's own authority, and the certificate that it signs for the gateway and NATS. Keys are made once; the certificate is signed
 * anew when its names have changed, or two thirds of its time are over.
 */

import "reflect-metadata";
import { createPrivateKey, createPublicKey, generateKeyPairSync, webcrypto, X509Certificate, type KeyObject } from "node:crypto";
import { isIP } from "node:net";
import { join } from "node:path";
import { mkdir } from "node:fs/promises";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { isFor } from "../schema/certificate-names.js";
import { readOrCreateFile, replaceFile } from "./keys.js";

/** Files in PEM. */
export interface CertificateFiles {
  /** The authority's certificate, which is no secret. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

const DAY_MS = 86_400_000;
const AUTHORITY_DAYS = 3_650;
const CERTIFICATE_DAYS = 90;
/** A certificate is valid a day before it was signed, for hosts whose clock is behind: what is wrong with it is told otherwise. */
const EARLY_DAYS = 1;
const RENEW_AT = 2 / 3;
const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/** Makes in `dir` what is not there yet, for a server that is reached by these names and addresses. */
export async function makeCertificates(dir: string, names: readonly string[], now = Date.now()): Promise<CertificateFiles> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const files = { ca: join(dir, "ca.pem"), cert: join(dir, "server.pem"), key: join(dir, "server.key") };
  const caKey = await readOrMakeKey(join(dir, "ca.key"));
  const key = await readOrMakeKey(files.key);
  const ca = new X509Certificate(await readOrCreateFile(files.ca, () => signAuthority(caKey, now)));
  const sign = () => signCertificate({ ca, caKey, key, names, now });
  const current = new X509Certificate(await readOrCreateFile(files.cert, sign));
  const isSigned = current.verify(ca.publicKey) && current.checkPrivateKey(key);
  if (!isSigned || !namesAll(current, names) || isDue(current, now)) await replaceFile(files.cert, await sign());
  return files;
}

function namesAll(certificate: X509Certificate, names: readonly string[]): boolean {
  const count = (certificate.subjectAltName ?? "").split(", ").length;
  return count === names.length && names.every((name) => isFor(certificate, name));
}

function isDue({ validFrom, validTo }: X509Certificate, now: number): boolean {
  const [from, until] = [Date.parse(validFrom), Date.parse(validTo)];
  return now > from + (until - from) * RENEW_AT || now < from;
}

async function readOrMakeKey(file: string): Promise<KeyObject> {
  const make = async () => {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  };
  return createPrivateKey(await readOrCreateFile(file, make));
}

async function signAuthority(caKey: KeyObject, now: number): Promise<string> {
  const keys = { privateKey: await forSigning(caKey), publicKey: await publicHalf(caKey) };
  const signed = await X509CertificateGenerator.createSelfSigned({
    // The day tells authorities of several meshes apart in the lists of browsers.
    name: `CN=ScanMesh authority ${new Date(now).toISOString().slice(0, 10)}`,
    ...validity(now, AUTHORITY_DAYS),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return `${signed.toString("pem")}\n`;
}

interface Order {
  readonly ca: X509Certificate;
  readonly caKey: KeyObject;
  readonly key: KeyObject;
  readonly names: readonly string[];
  readonly now: number;
}

async function signCertificate({ ca, caKey, key, names, now }: Order): Promise<string> {
  const publicKey = await publicHalf(key);
  const signed = await X509CertificateGenerator.create({
    subject: "CN=ScanMesh",
    issuer: ca.subject,
    ...validity(now, CERTIFICATE_DAYS),
    signingAlgorithm: ALGORITHM,
    publicKey,
    signingKey: await forSigning(caKey),
    extensions: [
      new BasicConstraintsExtension(false),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(names.map((value) => ({ type: isIP(value) === 0 ? "dns" : "ip", value }) as const)),
      await AuthorityKeyIdentifierExtension.create(await publicHalf(caKey)),
      await SubjectKeyIdentifierExtension.create(publicKey),
    ],
  });
  return `${signed.toString("pem")}\n`;
}

function validity(now: number, days: number): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(now - EARLY_DAYS * DAY_MS), notAfter: new Date(now + days * DAY_MS) };
}

function forSigning(key: KeyObject): Promise<webcrypto.CryptoKey> {
  const der = key.export({ type: "pkcs8", format: "der" });
  return webcrypto.subtle.importKey("pkcs8", der, ALGORITHM, false, ["sign"]);
}

function publicHalf(key: KeyObject): Promise<webcrypto.CryptoKey> {
  const der = createPublicKey(key).export({ type: "spki", format: "der" });
  return webcrypto.subtle.importKey("spki", der, ALGORITHM, true, ["verify"]);
}
