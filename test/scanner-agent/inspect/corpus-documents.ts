/** Documents and messages, open and encrypted. */

import officeCrypto from "officecrypto-tool";
import * as documents from "./documents.js";
import { packed } from "./seven-zip-made.js";
import { TEXT, PASSWORD, file, open, closed, cut, behind, junk, type Specimen } from "./specimen.js";

const office = (type?: "standard", password = "secret") =>
  officeCrypto.encrypt(Buffer.from(new Uint8Array(documents.docx())), type === undefined ? { password } : { password, type });

const OFFICE: readonly Specimen[] = [
  open("docx", () => documents.docx(), "zip deflate"),
  open("Word binary", () => documents.oleOf({ WordDocument: documents.wordStream(false) }), "compound"),
  open("Excel binary", () => documents.oleOf({ Workbook: documents.excelStream(false) }), "compound"),
  open("PowerPoint binary", () => documents.oleOf({ "Current User": documents.powerPointStream(false) }), "compound"),
  open("OLE file whose header counts more sectors than there are", async () => {
    const whole = documents.oleOf({ Workbook: documents.excelStream(false) });
    whole.writeUInt32LE(77, 64);
    return whole;
  }),
  closed(
    "encrypted OLE file whose header counts more sectors than there are",
    () => {
      const whole = documents.oleOf({ WordDocument: documents.wordStream(true) });
      whole.writeUInt32LE(77, 64);
      return whole;
    },
    "ENCRYPTED office ",
  ),
  closed(
    "cut OLE file",
    () => cut(documents.oleOf({ WordDocument: documents.wordStream(false), Data: junk }), 0.5),
    "DAMAGED compound ",
    "DAMAGED compound Data",
    "DAMAGED compound [1]Sh33tJ5",
    "DAMAGED compound WordDocument",
  ),
  open("OpenDocument", () => documents.openDocument(false), "zip deflate"),
  closed("docx, agile encryption", () => office(), "ENCRYPTED office "),
  closed("docx, standard encryption", () => office("standard"), "ENCRYPTED office "),
  closed("workbook with the password of Excel's own", () => office(undefined, "VelvetSweatshop"), "ENCRYPTED office "),
  closed("encrypted Word binary", () => documents.oleOf({ WordDocument: documents.wordStream(true) }), "ENCRYPTED office "),
  closed("encrypted Excel binary", () => documents.oleOf({ Workbook: documents.excelStream(true) }), "ENCRYPTED office "),
  closed("encrypted Excel 5", () => documents.oleOf({ Book: documents.excelStream(true) }), "ENCRYPTED office "),
  closed(
    "encrypted PowerPoint binary",
    () => documents.oleOf({ "Current User": documents.powerPointStream(true) }),
    "ENCRYPTED office ",
  ),
  closed("encrypted OpenDocument", () => documents.openDocument(true), "ENCRYPTED office "),
  closed("encrypted docx in a zip", () => packed({ "secret.docx": office() }, "zip"), "ENCRYPTED office secret.docx"),
  closed(
    "docx with an encrypted zip in it",
    async () => documents.docx("word/embeddings/in.zip", await packed(file, "zip", PASSWORD)),
    "ENCRYPTED zip word/embeddings/in.zip/a.txt",
  ),
];

const AES = "--use-aes=y";
const PDF: readonly Specimen[] = [
  open("PDF", () => documents.plainPdf()),
  open("PDF that owns a password, 40 bits", () => documents.encryptedPdf("", "40")),
  open("PDF that owns a password, 128 bits", () => documents.encryptedPdf("", "128")),
  open("PDF that owns a password, AES of 128 bits", () => documents.encryptedPdf("", "128", AES)),
  open("PDF that owns a password, with open metadata", () => documents.encryptedPdf("", "128", AES, "--cleartext-metadata")),
  open("PDF that owns a password, revision 5", () => documents.encryptedPdf("", "256", "--force-R5")),
  open("PDF that owns a password, revision 6", () => documents.encryptedPdf("", "256")),
  closed("PDF with a password, 40 bits", () => documents.encryptedPdf("user", "40"), "ENCRYPTED pdf "),
  closed("PDF with a password, 128 bits", () => documents.encryptedPdf("user", "128"), "ENCRYPTED pdf "),
  closed("PDF with a password, AES of 128 bits", () => documents.encryptedPdf("user", "128", AES), "ENCRYPTED pdf "),
  closed("PDF with a password, revision 5", () => documents.encryptedPdf("user", "256", "--force-R5"), "ENCRYPTED pdf "),
  closed("PDF with a password, revision 6", () => documents.encryptedPdf("user", "256"), "ENCRYPTED pdf "),
  closed("PDF behind other bytes", () => behind(Buffer.alloc(500, 32), documents.encryptedPdf("user", "256")), "ENCRYPTED pdf "),
  closed(
    "PDF whose trailer writes its key in another way",
    () => Buffer.from(documents.encryptedPdf("user", "128").toString("latin1").replace("/Encrypt ", "/E#6ecrypt "), "latin1"),
    "ENCRYPTED pdf ",
  ),
  closed(
    "encrypted PDF in a zip",
    () => packed({ "a.pdf": documents.encryptedPdf("user", "256") }, "zip"),
    "ENCRYPTED pdf a.pdf",
  ),
];

const MESSAGES: readonly Specimen[] = [
  open("signed by OpenPGP", () => documents.pgp(TEXT, "--sign")),
  open("signed by OpenPGP, as text", () => documents.pgp(TEXT, "--clear-sign")),
  open("armored, signed by OpenPGP", () => documents.pgp(TEXT, "--armor", "--sign")),
  open("public key", () => documents.pgpKey("--export")),
  open("armored public key", () => documents.pgpKey("--armor", "--export")),
  open("secret key", () => documents.pgpKey("--export-secret-keys")),
  open("signed by CMS", () => documents.cms(TEXT, "-sign", "-nodetach", "-outform", "DER")),
  open("mail signed by S/MIME", () => documents.cms(TEXT, "-sign", "-nodetach")),
  open("key store", () => documents.keyStore()),
  closed("encrypted by OpenPGP to a key", () => documents.pgp(TEXT, "--encrypt"), "ENCRYPTED pgp "),
  closed("encrypted by OpenPGP with a password", () => documents.pgp(TEXT, "--symmetric"), "ENCRYPTED pgp "),
  closed("armored, encrypted by OpenPGP", () => documents.pgp(TEXT, "--armor", "--encrypt"), "ENCRYPTED pgp "),
  closed(
    "armored OpenPGP in a mail",
    () => behind(Buffer.from("Subject: x\r\n\r\nHello\r\n"), documents.pgp(TEXT, "--armor", "--symmetric")),
    "ENCRYPTED pgp ",
  ),
  closed("enveloped by CMS", () => documents.cms(TEXT, "-encrypt", "-outform", "DER"), "ENCRYPTED cms "),
  closed("enveloped by CMS, AES-GCM", () => documents.cms(TEXT, "-encrypt", "-aes-256-gcm", "-outform", "DER"), "ENCRYPTED cms "),
  closed("enveloped by CMS, PEM", () => documents.cms(TEXT, "-encrypt", "-outform", "PEM"), "ENCRYPTED cms "),
  closed("mail enveloped by S/MIME", () => documents.cms(TEXT, "-encrypt"), "ENCRYPTED cms "),
  closed("encrypted OpenPGP in a zip", () => packed({ "a.gpg": documents.pgp(TEXT, "--encrypt") }, "zip"), "ENCRYPTED pgp a.gpg"),
];

/** All of them. */
export const DOCUMENTS: readonly Specimen[] = [...OFFICE, ...PDF, ...MESSAGES];
