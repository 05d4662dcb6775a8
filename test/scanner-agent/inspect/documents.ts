/** Documents and messages, open and encrypted, made by the programs that people use. */

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import CFB from "cfb";
import { zipOf } from "./hand-made.js";

let keys: string | undefined;

/** A folder with a key of gpg's and a certificate, made once. */
function keyFolder(): string {
  if (keys !== undefined) return keys;
  const folder = (keys = mkdtempSync(join(tmpdir(), "scanmesh-test-documents-")));
  run(folder, [...GPG, "--quick-generate-key", "test@example.org", "future-default", "default"]);
  const subject = ["-subj", "/CN=Test", "-keyout", "key", "-out", "certificate"];
  run(folder, ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", ...subject]);
  return folder;
}

function run(folder: string, [program = "", ...args]: readonly string[]): void {
  execFileSync(program, args, { cwd: folder, env: { ...process.env, GNUPGHOME: folder }, stdio: "pipe" });
}

/** Removes what programs were run with. */
export function removeKeys(): void {
  if (keys === undefined) return;
  run(keys, ["gpgconf", "--kill", "all"]);
  rmSync(keys, { recursive: true, force: true });
  keys = undefined;
}

/** What a program makes of `in`. */
function madeBy(input: Buffer, command: readonly string[]): Buffer {
  const folder = keyFolder();
  writeFileSync(join(folder, "in"), input);
  rmSync(join(folder, "out"), { force: true });
  run(folder, command);
  return readFileSync(join(folder, "out"));
}

/** A PDF of one empty page. */
export function plainPdf(): Buffer {
  const objects = [
    "<< /Type /Catalog /Pages 2 0 R >>",
    "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Contents 4 0 R >>",
    "<< /Length 10 >>\nstream\n0 0 m S   \nendstream",
  ];
  let text = "%PDF-1.4\n";
  const places = objects.map((object, i) => {
    const place = text.length;
    text += `${i + 1} 0 obj\n${object}\nendobj\n`;
    return `${String(place).padStart(10, "0")} 00000 n \n`;
  });
  const start = text.length;
  text += `xref\n0 5\n0000000000 65535 f \n${places.join("")}trailer\n<< /Size 5 /Root 1 0 R >>\nstartxref\n${start}\n%%EOF\n`;
  return Buffer.from(text);
}

/** The same encrypted by qpdf; an empty user password opens it for everybody. */
export function encryptedPdf(user: string, ...how: readonly string[]): Buffer {
  const options = ["--static-id", "--allow-weak-crypto", "--encrypt", user, "owner", ...how, "--"];
  return madeBy(plainPdf(), ["qpdf", ...options, "in", "out"]);
}

const GPG = ["gpg", "--batch", "--yes", "--quiet", "--pinentry-mode", "loopback", "--passphrase", "secret"];

/** What gpg makes of it. */
export function pgp(content: Buffer, ...how: readonly string[]): Buffer {
  const to = how.includes("--encrypt") ? ["--trust-model", "always", "--recipient", "test@example.org"] : [];
  return madeBy(content, [...GPG, ...to, "--output", "out", ...how, "in"]);
}

/** A key of gpg's, secret or public. */
export function pgpKey(...how: readonly string[]): Buffer {
  return madeBy(Buffer.alloc(0), [...GPG, "--output", "out", ...how, "test@example.org"]);
}

/** What openssl makes of it by `cms`. */
export function cms(content: Buffer, ...how: readonly string[]): Buffer {
  const by = how.includes("-sign") ? ["-signer", "certificate", "-inkey", "key"] : [];
  const to = how.includes("-encrypt") ? ["certificate"] : [];
  return madeBy(content, ["openssl", "cms", "-in", "in", "-out", "out", ...how, ...by, ...to]);
}

/** A key store: certificates and keys, encrypted by a password. */
export function keyStore(): Buffer {
  const store = ["pkcs12", "-export", "-in", "certificate", "-inkey", "key", "-passout", "pass:secret", "-out", "out"];
  return madeBy(Buffer.alloc(0), ["openssl", ...store]);
}

/** An OLE file of these streams. */
export function oleOf(streams: Readonly<Record<string, Buffer>>): Buffer {
  const file = CFB.utils.cfb_new();
  for (const [name, content] of Object.entries(streams)) CFB.utils.cfb_add(file, `/${name}`, content);
  return Buffer.from(CFB.write(file, { type: "buffer" }) as Buffer);
}

/** A Word document as its first bytes tell it. */
export function wordStream(encrypted: boolean): Buffer {
  const stream = Buffer.alloc(4096);
  stream.writeUInt16LE(0xa5ec, 0);
  stream.writeUInt16LE(0x00c1, 2);
  stream.writeUInt16LE(encrypted ? 0x0100 : 0, 10);
  return stream;
}

/** A workbook's first records. */
export function excelStream(encrypted: boolean): Buffer {
  const record = (type: number, body: Buffer) => {
    const start = Buffer.alloc(4);
    start.writeUInt16LE(type, 0);
    start.writeUInt16LE(body.length, 2);
    return Buffer.concat([start, body]);
  };
  const pass = encrypted ? [record(0x2f, Buffer.alloc(54, 1))] : [];
  return Buffer.concat([
    record(0x809, Buffer.alloc(16)),
    ...pass,
    record(0xe1, Buffer.alloc(2)),
    record(0x0a, Buffer.alloc(0)),
    Buffer.alloc(4096),
  ]);
}

/** PowerPoint's stream of the current user. */
export function powerPointStream(encrypted: boolean): Buffer {
  const stream = Buffer.alloc(64);
  stream.writeUInt32LE(20, 8);
  stream.writeUInt32LE(encrypted ? 0xf3d1c4df : 0xe391c05f, 12);
  return stream;
}

/** A document of LibreOffice's kind. */
export function openDocument(encrypted: boolean): Buffer {
  const data = encrypted ? '<manifest:encryption-data manifest:checksum-type="SHA1/1K" manifest:checksum="x"/>' : "";
  const manifest = `<?xml version="1.0"?><manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"><manifest:file-entry manifest:full-path="content.xml">${data}</manifest:file-entry></manifest:manifest>`;
  return zipOf([
    { name: "mimetype", content: Buffer.from("application/vnd.oasis.opendocument.text"), method: 0 },
    { name: "content.xml", content: Buffer.from("<office:document-content/>".repeat(20)) },
    { name: "META-INF/manifest.xml", content: Buffer.from(manifest) },
  ]);
}

/** A Word document of today, with a file in it. */
export function docx(name = "word/embeddings/oleObject1.bin", content: Buffer = Buffer.from("harmless")): Buffer {
  return zipOf([
    { name: "[Content_Types].xml", content: Buffer.from('<?xml version="1.0"?><Types/>') },
    { name: "_rels/.rels", content: Buffer.from('<?xml version="1.0"?><Relationships/>') },
    { name: "word/document.xml", content: Buffer.from("<w:document/>") },
    { name, content },
  ]);
}
