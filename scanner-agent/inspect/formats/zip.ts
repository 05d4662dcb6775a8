/** ZIP as its headers describe it: what 7-Zip does not tell of it. */

import { readAt, type Source } from "./source.js";

const END = Buffer.from("PK\x05\x06", "latin1");
const END_BYTES = 22;
const COMMENT_BYTES = 0xffff;
const END64_LOCATOR = 0x07064b50;
const LOCATOR_BYTES = 20;
const END64 = 0x06064b50;
const END64_BYTES = 56;
const CENTRAL = 0x02014b50;
const CENTRAL_BYTES = 46;
const LOCAL = 0x04034b50;
const LOCAL_BYTES = 30;
/** Behind a member's data; with zip64 sizes and a signature. */
const DESCRIPTOR_BYTES = 24;
const IN_EXTRA = 0xffffffff;
const FLAG_ENCRYPTED = 1;
const FLAG_DESCRIPTOR = 8;
/** The directory of a million members. */
const DIRECTORY_BYTES = 128 * 1024 * 1024;

/** What the headers say. */
export interface ZipHeaders {
  /** Sizes or places are in zip64 fields, which not every program reads. */
  readonly zip64: boolean;
  /** What contradicts itself, a line each, with the member's name. */
  readonly lies: readonly { readonly name: string; readonly what: string }[];
}

interface Entry {
  readonly name: Buffer;
  readonly flags: number;
  readonly method: number;
  readonly packed: number;
  readonly offset: number;
}

/** Reads the directory and every local header. Undefined: there is no directory where the end record says. */
export function readZip(source: Source, mostLies: number): ZipHeaders | undefined {
  const end = findEnd(source);
  if (end === undefined) return undefined;
  const { size, offset, zip64: zip64End, position } = end;
  // What stands before the archive, e.g. a program that unpacks it.
  const shift = position - size - offset;
  if (shift < 0 || size > DIRECTORY_BYTES) return undefined;
  const { entries, zip64 } = readDirectory(readAt(source, shift + offset, size), shift);
  const lies: { name: string; what: string }[] = [];
  let zip64Local = false;
  // A member that hides stands where the one before it has ended.
  let free = shift;
  for (const entry of entries.toSorted((a, b) => a.offset - b.offset)) {
    if (lies.length >= mostLies) break;
    const name = entry.name.toString("utf8");
    if (entry.offset > free && isHidden(source, free, entry.offset))
      lies.push({ name, what: "stands behind one that the directory does not name" });
    const local = readLocal(source, entry);
    if (local.lie !== undefined) lies.push({ name, what: local.lie });
    zip64Local ||= local.zip64;
    free = local.end;
  }
  const directory = shift + offset;
  if (directory > free && isHidden(source, free, directory))
    lies.push({ name: "", what: "a member that the directory does not name" });
  if (shift > 0 && isHidden(source, 0, shift)) lies.push({ name: "", what: "an archive before the archive" });
  return { zip64: zip64 || zip64End || zip64Local, lies };
}

function findEnd(source: Source): { size: number; offset: number; zip64: boolean; position: number } | undefined {
  const start = Math.max(0, source.size - END_BYTES - COMMENT_BYTES);
  const tail = readAt(source, start, source.size - start);
  const at = tail.lastIndexOf(END);
  if (at < 0 || at + END_BYTES > tail.length) return undefined;
  const [size, offset] = [tail.readUInt32LE(at + 12), tail.readUInt32LE(at + 16)];
  const locator = start + at < LOCATOR_BYTES ? undefined : readAt(source, start + at - LOCATOR_BYTES, LOCATOR_BYTES);
  if (locator?.readUInt32LE(0) !== END64_LOCATOR) return { size, offset, zip64: false, position: start + at };
  const position = start + at - LOCATOR_BYTES - END64_BYTES;
  if (position < 0) return undefined;
  const end64 = readAt(source, position, END64_BYTES);
  if (end64.length < END64_BYTES || end64.readUInt32LE(0) !== END64) return undefined;
  return { size: Number(end64.readBigUInt64LE(40)), offset: Number(end64.readBigUInt64LE(48)), zip64: true, position };
}

function readDirectory(directory: Buffer, shift: number): { entries: Entry[]; zip64: boolean } {
  const entries: Entry[] = [];
  let zip64 = false;
  for (let at = 0; at + CENTRAL_BYTES <= directory.length && directory.readUInt32LE(at) === CENTRAL;) {
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((field) => directory.readUInt16LE(at + field));
    const name = directory.subarray(at + CENTRAL_BYTES, at + CENTRAL_BYTES + (nameBytes ?? 0));
    const extra = directory.subarray(at + CENTRAL_BYTES + (nameBytes ?? 0)).subarray(0, extraBytes);
    const fields = [directory.readUInt32LE(at + 24), directory.readUInt32LE(at + 20), directory.readUInt32LE(at + 42)];
    const [, packed = 0, offset = 0] = widened(fields, extra);
    zip64 ||= fields.includes(IN_EXTRA);
    entries.push({
      name,
      flags: directory.readUInt16LE(at + 8),
      method: directory.readUInt16LE(at + 10),
      packed,
      offset: shift + offset,
    });
    at += CENTRAL_BYTES + (nameBytes ?? 0) + (extraBytes ?? 0) + (commentBytes ?? 0);
  }
  return { entries, zip64 };
}

/** Fields of four bytes that are full stand in the zip64 extra field, in order. */
function widened(fields: readonly number[], extra: Buffer): number[] {
  const wide = zip64Field(extra);
  let at = 0;
  return fields.map((field) => {
    if (field !== IN_EXTRA || wide === undefined || at + 8 > wide.length) return field;
    at += 8;
    return Number(wide.readBigUInt64LE(at - 8));
  });
}

function zip64Field(extra: Buffer): Buffer | undefined {
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2))
    if (extra.readUInt16LE(at) === 1) return extra.subarray(at + 4, at + 4 + extra.readUInt16LE(at + 2));
  return undefined;
}

function readLocal(source: Source, entry: Entry): { lie?: string; zip64: boolean; end: number } {
  const header = readAt(source, entry.offset, LOCAL_BYTES);
  if (header.length < LOCAL_BYTES || header.readUInt32LE(0) !== LOCAL)
    return { lie: "has no header where the directory says", zip64: false, end: entry.offset };
  const [flags, method] = [header.readUInt16LE(6), header.readUInt16LE(8)];
  const [packed, nameBytes, extraBytes] = [header.readUInt32LE(18), header.readUInt16LE(26), header.readUInt16LE(28)];
  const behind = readAt(source, entry.offset + LOCAL_BYTES, nameBytes + extraBytes);
  const end = entry.offset + LOCAL_BYTES + nameBytes + extraBytes + entry.packed;
  const isSized = (flags & FLAG_DESCRIPTOR) === 0 && packed !== IN_EXTRA;
  const lie =
    ((flags ^ entry.flags) & FLAG_ENCRYPTED) !== 0
      ? "is encrypted by one of its two headers only"
      : method !== entry.method
        ? "has two methods in its two headers"
        : !behind.subarray(0, nameBytes).equals(entry.name)
          ? "has two names in its two headers"
          : isSized && packed !== entry.packed
            ? "has two sizes in its two headers"
            : undefined;
  const zip64 = zip64Field(behind.subarray(nameBytes)) !== undefined;
  return lie === undefined ? { zip64, end } : { lie, zip64, end };
}

/** Whether a local header begins there, or behind what describes the data before it. */
function isHidden(source: Source, from: number, to: number): boolean {
  const bytes = readAt(source, from, Math.min(to - from, DESCRIPTOR_BYTES + LOCAL_BYTES));
  const at = bytes.indexOf("PK\x03\x04", 0, "latin1");
  return at >= 0 && at <= DESCRIPTOR_BYTES && from + at + LOCAL_BYTES <= to;
}
