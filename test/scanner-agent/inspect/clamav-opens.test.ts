/** What ClamAV opens, by a real clamd that knows one file by its hash, beside what its manifest says of it. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasClamd } from "../runners/clamd/clamav-database.js";
import { manifest, startClamav, type ClamavStage } from "./clamav-stage.js";
import { oleOf } from "./documents.js";
import * as made from "./hand-made.js";
import { packed } from "./seven-zip-made.js";

/** The same small program in many containers, by Debian's package. */
const TESTFILES = "/usr/share/clamav-testfiles";
const TOO_DEEP = "clam_cache_emax.tgz";
const KNOWN = Buffer.from("a file that the test's signatures know by its hash\n".repeat(100));
const KNOWN_FILES = [KNOWN, ...(existsSync(TESTFILES) ? [readFileSync(join(TESTFILES, "clam.exe"))] : [])];
let clamav: ClamavStage;

beforeAll(async () => {
  if (hasClamd) clamav = await startClamav(KNOWN_FILES);
});
afterAll(() => clamav?.stop());

const scan = (bytes: Buffer) => clamav.scan(bytes);

type Make = (content: Buffer) => Buffer | Promise<Buffer>;
const HARMLESS = Buffer.from(KNOWN.map((byte) => byte ^ 1));
const file = (content: Buffer) => ({ "a.txt": content });
const deb = async (data: Buffer, name: string) =>
  made.arOf({
    "debian-binary": Buffer.from("2.0\n"),
    "control.tar.gz": gzipSync(await packed({ control: Buffer.from("x") }, "tar")),
    [name]: data,
  });

const OPENED: readonly (readonly [string, Make])[] = [
  ...["Copy", "Deflate", "Deflate64", "BZip2"].map(
    (m) => [`zip, ${m}`, (content) => packed(file(content), "zip", `-mm=${m}`)] as [string, Make],
  ),
  ...["Copy", "LZMA", "LZMA2", "PPMd"].map(
    (m) => [`7z, ${m}`, (content) => packed(file(content), "7z", `-m0=${m}`)] as [string, Make],
  ),
  ["7z, BCJ", (content) => packed(file(content), "7z", "-m0=BCJ", "-m1=LZMA")],
  ["zip in a zip", async (content) => packed({ "in.zip": await packed(file(content), "zip") }, "zip")],
  ["zip behind other bytes", async (content) => Buffer.concat([Buffer.alloc(5_000, "x"), await packed(file(content), "zip")])],
  ["gzip", (content) => gzipSync(content)],
  ["bzip2", (content) => packed(file(content), "bzip2")],
  ["xz", (content) => packed(file(content), "xz")],
  ["tar", (content) => packed(file(content), "tar")],
  ["tar in gzip", async (content) => gzipSync(await packed(file(content), "tar"))],
  ["cpio", (content) => made.cpioOf(file(content))],
  ["cabinet", (content) => made.cabOf("a.txt", content)],
  ["OLE", (content) => oleOf({ Stream: content })],
];

const NOT_OPENED: readonly (readonly [string, Make])[] = [
  ...["LZMA", "PPMd"].map((m) => [`zip, ${m}`, (content) => packed(file(content), "zip", `-mm=${m}`)] as [string, Make]),
  ...["BZip2", "Deflate"].map((m) => [`7z, ${m}`, (content) => packed(file(content), "7z", `-m0=${m}`)] as [string, Make]),
  ["7z, Delta", (content) => packed(file(content), "7z", "-m0=Delta", "-m1=LZMA2")],
  ["zip with zip64 sizes", (content) => made.zipOf([{ name: "a.txt", content: content, zip64: true }])],
  ["zstd", (content) => made.zstdOf(content)],
  ["Unix archive", (content) => made.arOf(file(content))],
  ["Debian package with gzip", async (content) => deb(gzipSync(await packed(file(content), "tar")), "data.tar.gz")],
  ["Debian package with zstd", async (content) => deb(made.zstdOf(await packed(file(content), "tar")), "data.tar.zst")],
  ["wim", (content) => packed(file(content), "wim")],
  ["tar in zstd", async (content) => made.zstdOf(await packed(file(content), "tar"))],
];

describe.skipIf(!hasClamd)("ClamAV", () => {
  test("has a list of what it opens in its manifest", () => expect(manifest?.opens).toBeDefined());

  test.each(OPENED)("opens %s", async (_, make) => {
    expect(await scan(await make(KNOWN))).toEqual({ own: "INFECTED", judged: "INFECTED" });
  });

  test.each(OPENED)("is CLEAN of the same with a harmless file in it: %s", async (_, make) => {
    expect(await scan(await make(HARMLESS))).toEqual({ own: "CLEAN", judged: "CLEAN" });
  });

  test.each(NOT_OPENED)("does not open %s, which is no CLEAN", async (_, make) => {
    expect(await scan(await make(KNOWN))).toEqual({ own: "CLEAN", judged: "UNSUPPORTED_TYPE" });
  });

  test.each([
    ["as deep as it looks", 15, { own: "INFECTED", judged: "INFECTED" }],
    ["deeper", 20, { own: "UNSCANNED", judged: "TOO_LARGE" }],
  ] as const)("opens zips within each other %s", async (_, depth, said) => {
    let bytes = await packed(file(KNOWN), "zip");
    for (let i = 1; i < depth; i++) bytes = made.zipOf([{ name: `${i}.zip`, content: bytes }]);
    expect(await scan(bytes)).toEqual(said);
  });

  const samples = existsSync(TESTFILES) ? readdirSync(TESTFILES) : [];
  test.each(samples.filter((name) => name !== TOO_DEEP))("opens %s of its own test files", async (name) => {
    expect(await scan(readFileSync(join(TESTFILES, name)))).toEqual({ own: "INFECTED", judged: "INFECTED" });
    expect(await clamav.scanAsClean(readFileSync(join(TESTFILES, name)))).toBe("CLEAN");
  });
});
