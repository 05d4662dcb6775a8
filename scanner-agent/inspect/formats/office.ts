/** Documents of office programs: whether the streams and parts of one say that it is encrypted. */

/** The first bytes of these members are kept. */
const TELLING = /(^|\/)(WordDocument|Workbook|Book|Current User|META-INF\/manifest\.xml)$/i;
const WORD = 0xa5ec;
const WORD_ENCRYPTED = 0x0100;
const BIFF_FILE_PASS = 0x2f;
const BIFF_END = 0x0a;
const POWERPOINT_ENCRYPTED = 0xf3d1c4df;

/** Whether what a member begins with tells of encryption. */
export function isTelling(member: string): boolean {
  return TELLING.test(member);
}

/** How a document is encrypted, by the names of its members and by what the telling ones begin with. */
export function officeEncryption(members: readonly string[], begins: ReadonlyMap<string, Buffer>): string | undefined {
  // 7-Zip shows the control characters in the names of streams as [5] and the like.
  if (members.some((name) => /(^|\/)EncryptedPackage$/.test(name))) return "EncryptedPackage";
  for (const [name, bytes] of begins) {
    if (/WordDocument$/i.test(name) && isEncryptedWord(bytes)) return "Word binary";
    if (/(^|\/)(Work)?book$/i.test(name) && isEncryptedExcel(bytes)) return "Excel binary";
    if (/Current User$/i.test(name) && bytes.length >= 16 && bytes.readUInt32LE(12) === POWERPOINT_ENCRYPTED)
      return "PowerPoint binary";
    if (/manifest\.xml$/i.test(name) && /<(\w+:)?encryption-data[\s>]/.test(bytes.toString("latin1"))) return "OpenDocument";
  }
  return undefined;
}

function isEncryptedWord(stream: Buffer): boolean {
  return stream.length >= 12 && stream.readUInt16LE(0) === WORD && (stream.readUInt16LE(10) & WORD_ENCRYPTED) !== 0;
}

/** FilePass stands among the first records, before the end of the globals. */
function isEncryptedExcel(stream: Buffer): boolean {
  for (let at = 0; at + 4 <= stream.length; at += 4 + stream.readUInt16LE(at + 2)) {
    const record = stream.readUInt16LE(at);
    if (record === BIFF_FILE_PASS) return true;
    if (record === BIFF_END) return false;
  }
  return false;
}
