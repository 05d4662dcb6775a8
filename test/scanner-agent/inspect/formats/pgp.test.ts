import { expect, test } from "vitest";
import { mayBePgp, pgpEncryption } from "../../../../scanner-agent/inspect/formats/pgp.js";
import { memorySource } from "../../../../scanner-agent/inspect/formats/source.js";

const ENCRYPTED_DATA = 0xc0 | 18;
const KEY_SESSION = 0xc0 | 1;
const noise = (bytes: number) => Buffer.alloc(bytes, "any bytes at all ");
/** Encrypted data of version 1 behind a length. */
const data = (length: readonly number[], bytes: number) =>
  Buffer.concat([Buffer.from([ENCRYPTED_DATA, ...length, 1]), noise(bytes - 1)]);
const inParts = Buffer.concat([data([0xe9], 512), Buffer.from([0xe9]), noise(512), Buffer.from([100]), noise(100)]);
const session = Buffer.concat([Buffer.from([KEY_SESSION, 50, 3]), noise(49)]);

test.each([
  ["100 bytes", data([100], 100)],
  ["1,000 bytes", data([0xc3, 0x28], 1_000)],
  ["300 bytes in the long form", data([0xff, 0, 0, 1, 0x2c], 300)],
  ["parts", inParts],
])("encrypted data of %s without a session key is a message if the file ends with it", (_form, file) => {
  expect(mayBePgp(file)).toBe(true);
  expect(pgpEncryption(memorySource(file))).toBe("OpenPGP");
  for (const other of [Buffer.concat([file, noise(1)]), file.subarray(0, -1)])
    expect(pgpEncryption(memorySource(other))).toBeUndefined();
});

test("behind a session key it is one, cut or not", () => {
  const file = Buffer.concat([session, inParts]);
  for (const one of [file, file.subarray(0, -1), Buffer.concat([file, noise(9)])])
    expect(pgpEncryption(memorySource(one))).toBe("OpenPGP to a key");
});

test("of a file that only begins like one nothing is said", () => {
  for (const lengths of [[0x00], [0xff, 0xff, 0xff, 0xff, 0xff], [0xe0], [0xfe]])
    expect(pgpEncryption(memorySource(data(lengths, 70_000)))).toBeUndefined();
});
