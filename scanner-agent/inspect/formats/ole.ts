/** OLE files that are not quite as they should be, and that Office and engines open all the same: their streams, as far as they reach. */

import { readAt, type Source } from "./source.js";

const HEADER_BYTES = 512;
const ENTRY_BYTES = 128;
const STREAM = 2;
const ROOT = 5;
const LAST_SECTOR = 0xfffffffa;
/** Streams of one file, and sectors of one stream, at most. */
const MOST_ENTRIES = 10_000;
const MOST_SECTORS = 1_000_000;

/** One stream. */
export interface OleStream {
  readonly name: string;
  readonly bytes: Buffer;
}

/** What can be read of a file. */
export interface OleFile {
  readonly streams: readonly OleStream[];
  /** Some of it is not there. */
  readonly isCut: boolean;
}

/** Reads the streams. Undefined: there is no directory to be found. */
export function readOle(source: Source, mostBytes: number): OleFile | undefined {
  const header = readAt(source, 0, HEADER_BYTES);
  if (header.length < HEADER_BYTES) return undefined;
  const [shift, miniShift] = [header.readUInt16LE(30), header.readUInt16LE(32)];
  if (shift < 7 || shift > 16 || miniShift < 4 || miniShift > shift) return undefined;
  const sectorBytes = 1 << shift;
  let isCut = false;
  let room = mostBytes;

  const sector = (n: number): Buffer => {
    const bytes = readAt(source, (n + 1) * sectorBytes, sectorBytes);
    if (bytes.length === 0) isCut = true;
    return bytes;
  };
  const table = tableOf(header, sector, sectorBytes);
  const chain = (first: number): Buffer => {
    const parts: Buffer[] = [];
    for (let n = first, i = 0; n < LAST_SECTOR && i < MOST_SECTORS && room > 0; n = table(n), i++) {
      const bytes = sector(n);
      if (bytes.length === 0) break;
      room -= bytes.length;
      parts.push(bytes);
    }
    return Buffer.concat(parts);
  };

  const entries = entriesOf(chain(header.readUInt32LE(48)));
  const root = entries.find(({ type }) => type === ROOT);
  if (root === undefined) return undefined;
  const miniStream = chain(root.first);
  const miniTable = chain(header.readUInt32LE(60));
  const cutoff = header.readUInt32LE(56);
  const miniChain = (first: number): Buffer => {
    const parts: Buffer[] = [];
    const next = (n: number) => (4 * n + 4 <= miniTable.length ? miniTable.readUInt32LE(4 * n) : LAST_SECTOR);
    for (let n = first, i = 0; n < LAST_SECTOR && i < MOST_SECTORS; n = next(n), i++)
      parts.push(miniStream.subarray(n << miniShift, (n + 1) << miniShift));
    return Buffer.concat(parts);
  };
  const streams = entries
    .filter(({ type, size }) => type === STREAM && size > 0)
    .map(({ name, first, size }) => ({ name, bytes: (size < cutoff ? miniChain(first) : chain(first)).subarray(0, size) }));
  return { streams, isCut };
}

/** Answers the sector behind a sector. */
function tableOf(header: Buffer, sector: (n: number) => Buffer, sectorBytes: number): (n: number) => number {
  const perSector = sectorBytes / 4;
  const places = Array.from({ length: 109 }, (_, i) => header.readUInt32LE(76 + 4 * i));
  for (let n = header.readUInt32LE(68), i = 0; n < LAST_SECTOR && i < MOST_ENTRIES; i++) {
    const more = sector(n);
    if (more.length < sectorBytes) break;
    for (let k = 0; k < perSector - 1; k++) places.push(more.readUInt32LE(4 * k));
    n = more.readUInt32LE(sectorBytes - 4);
  }
  const read = new Map<number, Buffer>();
  return (n) => {
    const place = places[Math.floor(n / perSector)];
    if (place === undefined || place >= LAST_SECTOR) return LAST_SECTOR;
    const bytes = read.get(place) ?? sector(place);
    read.set(place, bytes);
    const at = 4 * (n % perSector);
    return at + 4 <= bytes.length ? bytes.readUInt32LE(at) : LAST_SECTOR;
  };
}

interface Entry {
  readonly name: string;
  readonly type: number;
  readonly first: number;
  readonly size: number;
}

function entriesOf(directory: Buffer): Entry[] {
  const entries: Entry[] = [];
  for (let at = 0; at + ENTRY_BYTES <= directory.length && entries.length < MOST_ENTRIES; at += ENTRY_BYTES) {
    const nameBytes = Math.min(64, directory.readUInt16LE(at + 64));
    entries.push({
      name: directory.toString("utf16le", at, at + Math.max(0, nameBytes - 2)),
      type: directory.readUInt8(at + 66),
      first: directory.readUInt32LE(at + 116),
      size: directory.readUInt32LE(at + 120),
    });
  }
  return entries;
}
