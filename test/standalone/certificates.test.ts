import { X509Certificate } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { isFor } from "../../schema/certificate-names.js";
import { makeCertificates } from "../../standalone/certificates.js";
import { openAddresses, openCertificate } from "../../standalone/listening.js";
import { temporaryFolder } from "./temporary-folder.js";

const DAY_MS = 86_400_000;
const NAMES = ["scan.example.org", "localhost", "127.0.0.1", "::1"];

test("one authority signs a certificate for all names, and anew before it expires or when the names change", async () => {
  const dir = join(await temporaryFolder(), "tls");
  const now = Date.parse("2026-01-01T00:00:00Z");
  const made = async (names = NAMES, days = 0) => {
    const files = await makeCertificates(dir, names, now + days * DAY_MS);
    return {
      files,
      ca: await readFile(files.ca, "utf8"),
      cert: await readFile(files.cert, "utf8"),
      key: await readFile(files.key, "utf8"),
    };
  };
  const [first, same] = await Promise.all([made(), made()]);
  expect(same).toEqual(first);
  for (const file of ["ca.key", "server.key"]) expect((await stat(join(dir, file))).mode & 0o777).toBe(0o600);
  const [ca, certificate] = [new X509Certificate(first.ca), new X509Certificate(first.cert)];
  expect([ca.ca, certificate.ca, certificate.checkIssued(ca), certificate.verify(ca.publicKey)]).toEqual([
    true,
    false,
    true,
    true,
  ]);
  expect(NAMES.map((name) => isFor(certificate, name))).toEqual([true, true, true, true]);
  expect(["other.example.org", "10.0.0.1"].map((name) => isFor(certificate, name))).toEqual([false, false]);
  expect(Date.parse(ca.validTo) - now).toBe(3_650 * DAY_MS);

  expect(await made(NAMES, 58)).toEqual(first);
  const renewed = await made(NAMES, 62);
  expect(Date.parse(new X509Certificate(renewed.cert).validTo) - now).toBe((62 + 90) * DAY_MS);
  const named = await made(["10.0.0.1"], 62);
  for (const later of [renewed, named]) expect({ ca: later.ca, key: later.key }).toEqual({ ca: first.ca, key: first.key });
  expect(isFor(new X509Certificate(named.cert), "localhost")).toBe(false);
});

test("a given certificate is used by a name that it is for, and followed when its file is replaced", async () => {
  const dir = await temporaryFolder();
  const { ca, cert, key } = await makeCertificates(join(dir, "given"), ["scan.example.org"]);
  const listening = { host: "0.0.0.0", httpsPort: 8443, natsPort: 4222, names: [], given: { cert, key, ca } };
  await expect(openCertificate(join(dir, "tls"), listening)).rejects.toThrow(
    /SCANMESH_TLS_CERT: .* is for DNS:scan\.example\.org, and not for 127\.0\.0\.1: name this machine in SCANMESH_TLS_NAMES/,
  );
  const named = { ...listening, names: ["scan.example.org"] };
  expect(openAddresses(named)).toEqual({ gateway: "https://scan.example.org:8443", nats: "tls://scan.example.org:4222" });
  const certificate = await openCertificate(join(dir, "tls"), named);
  expect(certificate).toMatchObject({ name: "scan.example.org", files: { cert, key, ca } });
  await new Promise<void>((resolve, reject) => {
    onTestFinished(certificate.follow(resolve, (line) => reject(new Error(line))));
    makeCertificates(join(dir, "given"), ["scan.example.org", "other.example.org"]).catch(reject);
  });
});
