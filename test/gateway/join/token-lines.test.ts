import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readPin, type CertificateConfig } from "../../../gateway/join/token-lines.js";
import { makeCertificates, type CertificateFiles } from "../../../standalone/certificates.js";

let folder: string;
let files: CertificateFiles;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "scanmesh-test-pin-"));
  files = await makeCertificates(folder, ["scan.example.org", "10.0.0.5"]);
});

afterAll(() => rm(folder, { recursive: true }));

const pinAt = (address: string, { port = 8443, isPublic = false } = {}) => {
  const config: CertificateConfig = { https: { certFile: files.cert, port }, authorityFile: isPublic ? undefined : files.ca };
  return readPin(config, address);
};

it.each([
  ["its name", "https://scan.example.org:8443", 8443],
  ["its address", "https://10.0.0.5:8443/path", 8443],
  ["its name at the usual port", "https://scan.example.org", 443],
])("a gateway that is reached by %s is known by its key", async (_, address, port) => {
  expect(await pinAt(address, { port })).toMatch(/^sha256\/\/[\w+/]{43}=$/);
});

it.each([
  ["a proxy with another name", "https://mesh.example.org:8443"],
  ["a proxy at the usual port", "https://scan.example.org"],
  ["plain HTTP", "http://scan.example.org:8080"],
  ["no address", "scan.example.org"],
])("%s has another key, or none", async (_, address) => {
  expect(await pinAt(address)).toBeUndefined();
});

it("a certificate whose authority everybody knows needs no key, and stays known when it is made anew", async () => {
  expect(await pinAt("https://scan.example.org:8443", { isPublic: true })).toBeUndefined();
  const before = await pinAt("https://scan.example.org:8443");
  await makeCertificates(folder, ["scan.example.org", "10.0.0.6"]);
  expect(await pinAt("https://scan.example.org:8443")).toBe(before);
});
