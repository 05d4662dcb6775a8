import { describe, expect, test } from "vitest";
import { createSearch, searchAll } from "../../../../scanner-agent/inspect/formats/search.js";
import { zipOf } from "../hand-made.js";

const latin1 = (text: string) => Buffer.from(text, "latin1");
const WORDS = Buffer.from("words ".repeat(1_000));
const between = (part: Buffer) => Buffer.concat([WORDS, part, WORDS]);
const INSIDE = [
  ["zip", latin1("PK\x03\x04")],
  ["7z", latin1("7z\xbc\xaf\x27\x1c")],
  ["rar", latin1("Rar!\x1a\x07\x01\x00")],
  ["cab", latin1("MSCF\0\0\0\0")],
  ["pgp", latin1("-----BEGIN PGP MESSAGE-----")],
  ["cms", latin1("-----BEGIN PKCS7-----")],
  ["cms", latin1("-----BEGIN CMS-----")],
  ["cms", latin1("application/pkcs7-mime")],
] as const;

describe("a strong signature", () => {
  test.each(INSIDE)("of %s is found wherever chunks are cut", (format, signature) => {
    const bytes = between(signature);
    for (let cut = WORDS.length - 1; cut <= WORDS.length + signature.length + 1; cut++)
      expect(searchAll([bytes.subarray(0, cut), bytes.subarray(cut)])).toEqual([{ format, at: "inside" }]);
  });

  test("is found when the bytes come one by one", () => {
    const bytes = between(latin1("7z\xbc\xaf\x27\x1c"));
    expect(searchAll(Array.from(bytes, (_, i) => bytes.subarray(i, i + 1)))).toEqual([{ format: "7z", at: "inside" }]);
  });

  test("is told once, at its best place, with the others", () => {
    const bytes = Buffer.concat([
      latin1("\x1f\x8b\x08\0\0\0"),
      latin1("Rar!\x1a\x07"),
      zipOf([]),
      latin1("PK\x03\x04"),
      zipOf([]),
    ]);
    expect(searchAll([bytes])).toEqual([
      { format: "gzip", at: "start" },
      { format: "zip", at: "end" },
      { format: "rar", at: "inside" },
    ]);
  });

  test.each(["PGP MESSAGE", "pkcs7-sig", "-----BEGIN PGP PUBLIC KEY BLOCK-----"])("is more than its part: %s", (text) => {
    expect(searchAll([between(Buffer.from(text))])).toEqual([]);
  });
});

describe("a weak signature", () => {
  test.each([
    ["gzip", latin1("\x1f\x8b\x08\x00rest")],
    ["compound", latin1("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")],
    ["zstd", latin1("\x28\xb5\x2f\xfd")],
    ["xz", latin1("\xfd7zXZ\0")],
    ["pdf", latin1("%PDF-1.7")],
  ] as const)("of %s counts at the start alone", (format, signature) => {
    expect(searchAll([signature])).toEqual([{ format, at: "start" }]);
    expect(searchAll([between(signature)])).toEqual([]);
  });

  test("of a PDF may stand behind other bytes of the first kilobyte", () => {
    expect(searchAll([Buffer.concat([Buffer.alloc(900, 10), latin1("%PDF-1.7")])])).toEqual([{ format: "pdf", at: "start" }]);
  });
});

describe("a zip's end record", () => {
  const end = zipOf([]);
  test.each([1, 100_000])("closes the file, %i bytes before it", (before) => {
    expect(searchAll([Buffer.concat([Buffer.alloc(before), end])])).toEqual([{ format: "zip", at: "end" }]);
  });

  test("with a comment reaches to the last byte", () => {
    const comment = Buffer.alloc(65_535, "x");
    const withComment = Buffer.concat([WORDS, end.subarray(0, 20), Buffer.from([0xff, 0xff]), comment]);
    expect(searchAll([withComment])).toEqual([{ format: "zip", at: "end" }]);
    expect(searchAll([withComment.subarray(0, -1)])).toEqual([]);
    // However small the chunks are.
    const chunks = Array.from({ length: Math.ceil(withComment.length / 1_000) }, (_, i) =>
      withComment.subarray(i * 1_000, (i + 1) * 1_000),
    );
    expect(searchAll(chunks)).toEqual([{ format: "zip", at: "end" }]);
  });
});

test("a file without bytes has no signatures", () => {
  expect(createSearch().signatures()).toEqual([]);
});
