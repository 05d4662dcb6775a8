import type { ContainerFormat } from "../../../schema/closed.js";

/** How a format of containers is known and opened. */
export interface Container {
  readonly format: ContainerFormat;
  /** 7-Zip's names for the format, tried in turn; an empty list: 7-Zip does not open it. */
  readonly types: readonly string[];
  /** Whether a file of this format begins so. */
  isStart(head: Buffer): boolean;
  /**
   * A short part of its signature to search for, where the signature may stand anywhere in a file, behind a program or a picture.
   */
  readonly inside?: Buffer;
  /** It holds one file and no list. */
  readonly isStream?: true;
  /** Its signature is so weak that a file which cannot be opened is not counted as one. */
  readonly weak?: true;
}

/** The formats of containers that count; a file of any other format is open to every engine. */
export const CONTAINERS: readonly Container[] = [
  { format: "zip", types: ["zip"], isStart: begins("PK\x03\x04", "PK\x05\x06", "PK00PK\x03\x04"), inside: bytes("PK\x03\x04") },
  { format: "7z", types: ["7z"], isStart: begins("7z\xbc\xaf\x27\x1c"), inside: bytes("7z\xbc\xaf\x27\x1c") },
  { format: "rar", types: ["Rar5", "Rar"], isStart: begins("Rar!\x1a\x07"), inside: bytes("Rar!\x1a\x07") },
  { format: "cab", types: ["Cab"], isStart: begins("MSCF\0\0\0\0"), inside: bytes("MSCF\0\0") },
  { format: "compound", types: ["Compound"], isStart: begins("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") },
  {
    format: "gzip",
    isStream: true,
    types: ["gzip"],
    isStart: (head) => begins("\x1f\x8b\x08")(head) && (head[3] ?? 0xff) < 0x20,
  },
  {
    format: "bzip2",
    isStream: true,
    types: ["bzip2"],
    isStart: (head) => /^BZh[1-9](1AY&SY|\x17rE8P\x90)/.test(latin1(head, 0, 10)),
  },
  { format: "xz", isStream: true, types: ["xz"], isStart: begins("\xfd7zXZ\0") },
  {
    format: "zstd",
    isStream: true,
    types: ["zstd"],
    isStart: (head) => begins("\x28\xb5\x2f\xfd")(head) || isSkippableFrame(head),
  },
  { format: "lzip", types: [], isStart: begins("LZIP\x01") },
  { format: "lzma", isStream: true, types: ["lzma"], isStart: isLzma, weak: true },
  {
    format: "z",
    isStream: true,
    types: ["Z"],
    isStart: (head) => begins("\x1f\x9d")(head) && ((head[2] ?? 0) & 0x60) === 0,
    weak: true,
  },
  { format: "tar", types: ["tar"], isStart: isTar },
  { format: "cpio", types: ["Cpio"], isStart: (head) => /^(07070[127]|\xc7\x71|\x71\xc7)/.test(latin1(head, 0, 6)), weak: true },
  { format: "ar", types: ["Ar"], isStart: begins("!<arch>\n") },
  { format: "rpm", types: ["Rpm"], isStart: begins("\xed\xab\xee\xdb") },
  { format: "arj", types: ["Arj"], isStart: (head) => begins("\x60\xea")(head) && head.length > 40, weak: true },
  { format: "lzh", types: ["Lzh"], isStart: (head) => /^-l[hz][0-9a-z]-/.test(latin1(head, 2, 7)), weak: true },
  { format: "chm", types: ["Chm"], isStart: begins("ITSF\x03\0\0\0\x60\0\0\0") },
  { format: "wim", types: ["wim"], isStart: begins("MSWIM\0\0\0") },
  { format: "xar", types: ["Xar"], isStart: begins("xar!\0") },
];

/** How a format is known and opened. */
export function containerOf(format: string): Container | undefined {
  return CONTAINERS.find((container) => container.format === format);
}

function bytes(text: string): Buffer {
  return Buffer.from(text, "latin1");
}

function latin1(head: Buffer, from: number, to: number): string {
  return head.toString("latin1", from, to);
}

function begins(...signatures: readonly string[]): (head: Buffer) => boolean {
  const starts = signatures.map(bytes);
  return (head) => starts.some((start) => head.subarray(0, start.length).equals(start));
}

/** A zstd file may begin with a frame that decoders pass over; another frame must follow. */
function isSkippableFrame(head: Buffer): boolean {
  if (head.length < 12 || (head.readUInt32LE(0) & 0xfffffff0) !== 0x184d2a50) return false;
  const next = 8 + head.readUInt32LE(4);
  return next + 4 > head.length || head.readUInt32LE(next) === 0xfd2fb528;
}

/** The usual properties, a dictionary of 2^n or 2^n + 2^(n-1) bytes, and a size that is unknown or below 1 TiB. */
function isLzma(head: Buffer): boolean {
  if (head.length < 14 || head[0] !== 0x5d || head[13] !== 0) return false;
  const dictionary = head.readUInt32LE(1);
  const top = 2 ** Math.floor(Math.log2(Math.max(1, dictionary)));
  if (dictionary < 4096 || (dictionary !== top && dictionary !== top * 1.5)) return false;
  const size = head.readBigUInt64LE(5);
  return size === 0xffffffffffffffffn || size < 1n << 40n;
}

/** The checksum of the first header fits; that holds for archives of every age. */
function isTar(head: Buffer): boolean {
  if (head.length < 512) return false;
  const field = latin1(head, 148, 156).replaceAll(/[\0 ]/g, "");
  if (!/^[0-7]+$/.test(field)) return false;
  let sum = 8 * 32;
  for (let i = 0; i < 512; i++) if (i < 148 || i >= 156) sum += head[i] ?? 0;
  return sum === Number.parseInt(field, 8) && head[0] !== 0;
}
