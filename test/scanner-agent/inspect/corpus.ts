/** Files that are open and files that are closed, and what the inspector is to say of each. */

import { deflateRawSync, gzipSync } from "node:zlib";
import { DOCUMENTS } from "./corpus-documents.js";
import * as made from "./hand-made.js";
import { packed } from "./seven-zip-made.js";
import { TEXT, OTHER, PASSWORD, file, both, open, closed, cut, spoilt, behind, junk, type Specimen } from "./specimen.js";

const ZIP: readonly Specimen[] = [
  ...["Copy", "Deflate", "Deflate64", "BZip2", "LZMA", "PPMd"].map((method) =>
    open(
      `zip with ${method}`,
      () => packed(file, "zip", `-mm=${method}`),
      `zip ${method === "Copy" ? "store" : method.toLowerCase()}`,
    ),
  ),
  open("zip of zip64 sizes", () => made.zipOf([{ name: "a.txt", content: TEXT, zip64: true }]), "zip zip64", "zip deflate"),
  open("empty zip", () => made.zipOf([]), "zip"),
  open("zip behind a program", () => behind(junk, packed(file, "zip")), "zip deflate"),
  open("zip with zip in it", async () => packed({ "in.zip": await packed(file, "zip") }, "zip"), "zip deflate"),
  closed("zip with ZipCrypto", () => packed(file, "zip", PASSWORD), "ENCRYPTED zip a.txt"),
  closed("zip with AES", () => packed(file, "zip", PASSWORD, "-mem=AES256"), "ENCRYPTED zip a.txt"),
  closed("encrypted zip behind a program", () => behind(junk, packed(file, "zip", PASSWORD)), "ENCRYPTED zip a.txt"),
  closed(
    "zip with an encrypted member among open ones",
    async () =>
      made.zipOf([
        { name: "a.txt", content: TEXT },
        { name: "b.txt", content: OTHER, encrypted: true, method: 0 },
      ]),
    "ENCRYPTED zip b.txt",
  ),
  closed(
    "encrypted zip in a zip",
    async () => packed({ "in.zip": await packed(file, "zip", PASSWORD) }, "zip"),
    "ENCRYPTED zip in.zip/a.txt",
  ),
  closed("zip cut before its directory", () => cut(packed(both, "zip")), "DAMAGED zip "),
  closed(
    "zip with wrong content",
    () => spoilt(made.zipOf([{ name: "a.txt", content: TEXT, method: 0 }]), () => 60),
    "DAMAGED zip a.txt",
  ),
  closed(
    "zip that is encrypted by its local header only",
    () => made.zipOf([{ name: "a.txt", content: TEXT, local: { encrypted: true } }]),
    "ENCRYPTED zip a.txt",
    "DAMAGED zip ",
    "DAMAGED zip a.txt",
  ),
  closed(
    "zip with two names for a member",
    () => made.zipOf([{ name: "a.txt", content: TEXT, local: { name: "a.exe" } }]),
    "DAMAGED zip ",
    "DAMAGED zip a.txt",
  ),
  closed(
    "zip with two methods for a member",
    () => made.zipOf([{ name: "a.txt", content: TEXT, local: { method: 0 } }]),
    "DAMAGED zip ",
    "DAMAGED zip a.txt",
  ),
  closed(
    "zip with a member that its directory does not name",
    () =>
      made.zipOf([
        { name: "b.txt", content: OTHER, isHidden: true },
        { name: "a.txt", content: TEXT },
      ]),
    "DAMAGED zip a.txt",
  ),
  closed(
    "zip with a hidden member between two",
    () =>
      made.zipOf([
        { name: "a.txt", content: TEXT },
        { name: "b.txt", content: OTHER, isHidden: true },
        { name: "c.txt", content: TEXT },
      ]),
    "DAMAGED zip c.txt",
  ),
  closed("zip behind a zip", async () => behind(await packed(both, "zip"), packed(file, "zip")), "DAMAGED zip "),
];

const SEVEN_ZIP: readonly Specimen[] = [
  ...["Copy", "Deflate", "BZip2", "LZMA", "LZMA2", "PPMd"].map((method) =>
    open(`7z with ${method}`, () => packed(file, "7z", `-m0=${method}`), `7z ${method.toLowerCase()}`),
  ),
  open("7z with BCJ", () => packed(file, "7z", "-m0=BCJ", "-m1=LZMA"), "7z bcj lzma"),
  open("7z behind a program", () => behind(junk, packed(file, "7z")), "7z lzma2"),
  closed("encrypted 7z", () => packed(file, "7z", PASSWORD), "ENCRYPTED 7z a.txt"),
  closed("7z with an encrypted list of files", () => packed(file, "7z", PASSWORD, "-mhe=on"), "ENCRYPTED 7z "),
  closed("encrypted 7z behind a program", () => behind(junk, packed(file, "7z", PASSWORD)), "ENCRYPTED 7z a.txt"),
  closed("cut 7z", () => cut(packed(both, "7z")), "DAMAGED 7z "),
  closed("7z with wrong content", () => spoilt(packed(file, "7z", "-m0=Copy"), () => 40), "DAMAGED 7z a.txt"),
  closed(
    "encrypted 7z in a tar",
    async () => packed({ "in.7z": await packed(file, "7z", PASSWORD) }, "tar"),
    "ENCRYPTED 7z in.7z/a.txt",
  ),
];

const RAR: readonly Specimen[] = [
  open("RAR 4", () => made.rar4("a.txt", TEXT), "rar m0"),
  open("RAR 5", () => made.rar5("a.txt", TEXT), "rar v6"),
  closed("RAR 4 with an encrypted member", () => made.rar4("a.txt", TEXT, { encrypted: true }), "ENCRYPTED rar a.txt"),
  closed("RAR 5 with an encrypted member", () => made.rar5("a.txt", TEXT, { encrypted: true }), "ENCRYPTED rar a.txt"),
  closed("RAR 4 with encrypted headers", () => made.rar4("a.txt", TEXT, { encryptedHeaders: true }), "ENCRYPTED rar "),
  closed("RAR 5 with encrypted headers", () => made.rar5("a.txt", TEXT, { encryptedHeaders: true }), "ENCRYPTED rar "),
  closed(
    "encrypted RAR behind a program",
    () => behind(junk, made.rar5("a.txt", TEXT, { encrypted: true })),
    "ENCRYPTED rar a.txt",
  ),
  closed("cut RAR 5", () => cut(made.rar5("a.txt", TEXT)), "DAMAGED rar ", "DAMAGED rar a.txt"),
];

const OTHERS: readonly Specimen[] = [
  open("gzip", () => gzipSync(TEXT), "gzip"),
  open("bzip2", () => packed(file, "bzip2"), "bzip2"),
  open("xz", () => packed(file, "xz"), "xz"),
  open("zstd", () => made.zstdOf(TEXT), "zstd"),
  open("lzip", () => Buffer.from("LZIP\x01\x0c", "latin1"), "lzip"),
  open("two gzip streams", () => Buffer.concat([gzipSync(TEXT), gzipSync(OTHER)]), "gzip"),
  open("tar", () => packed(both, "tar"), "tar"),
  open("tar in gzip", async () => gzipSync(await packed(both, "tar")), "gzip", "tar"),
  open("wim", () => packed(file, "wim"), "wim"),
  open("cpio", () => made.cpioOf(both), "cpio"),
  open("cabinet", () => made.cabOf("a.txt", TEXT), "cab none"),
  open(
    "Debian package",
    async () =>
      made.arOf({
        "debian-binary": Buffer.from("2.0\n"),
        "control.tar.gz": gzipSync(await packed(file, "tar")),
        "data.tar.zst": made.zstdOf(await packed(both, "tar")),
      }),
    "ar",
    "gzip",
    "tar",
    "zstd",
  ),
  closed(
    "encrypted zip in tar in gzip",
    async () => gzipSync(await packed({ "in.zip": await packed(file, "zip", PASSWORD) }, "tar")),
    "ENCRYPTED zip in.zip/a.txt",
  ),
  closed("cut gzip", () => cut(gzipSync(junk)), "DAMAGED gzip "),
  closed("gzip with a wrong checksum", () => spoilt(gzipSync(TEXT), (bytes) => bytes.length - 6), "DAMAGED gzip "),
  closed("cut bzip2", () => cut(packed({ "a.bin": junk }, "bzip2")), "DAMAGED bzip2 "),
  closed("cut xz", () => cut(packed({ "a.bin": junk }, "xz")), "DAMAGED xz "),
  closed("cut zstd", () => cut(made.zstdOf(TEXT)), "DAMAGED zstd "),
  open(
    "tar with a hard link",
    () =>
      made.tarOf([
        { name: "a.txt", content: TEXT },
        { name: "b.txt", linkTo: "a.txt" },
      ]),
    "tar",
  ),
  closed("cut tar", () => cut(packed({ "a.txt": TEXT, "b.bin": junk }, "tar")), "DAMAGED tar ", "DAMAGED tar b.bin"),
];

const NOTHING_IN_IT: readonly Specimen[] = [
  open("text", () => TEXT),
  open("no bytes", () => Buffer.alloc(0)),
  open("bytes", () => junk),
  open("text about OpenPGP", () => Buffer.from("It begins with -----BEGIN PGP MESSAGE----- and then base64.\n")),
  open("program that names signatures", () =>
    behind(junk, Buffer.from("..PK\x03\x04..7z\xbc\xaf\x27\x1c..Rar!\x1a\x07\x00..MSCF\0\0\0\0..", "latin1")),
  ),
  open("text that begins like bzip2", () => Buffer.from("BZh91 is no stream\n")),
  open("compressed bytes alone", () => deflateRawSync(junk)),
];

/** All of them. */
export const CORPUS: readonly Specimen[] = [...ZIP, ...SEVEN_ZIP, ...RAR, ...OTHERS, ...DOCUMENTS, ...NOTHING_IN_IT];
