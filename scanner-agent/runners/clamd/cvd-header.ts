import { open } from "node:fs/promises";

const HEAD_BYTES = 512;

/** What the head of a `.cvd`, `.cld` or `.cud` says. */
export interface CvdHeader {
  readonly version: string;
  readonly signatures: number;
  /** The functionality level of ClamAV that it is made for. */
  readonly level: number;
  readonly built: Date | null;
}

/** Reads the head of a database; undefined if it is none. */
export async function readCvdHeader(file: string): Promise<CvdHeader | undefined> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return parseCvdHeader(buffer.toString("latin1", 0, bytesRead));
  } finally {
    await handle.close();
  }
}

/** `ClamAV-VDB:time:version:signatures:level:md5:signature:builder:seconds` */
export function parseCvdHeader(text: string): CvdHeader | undefined {
  const [magic, , version, signatures, level, , , , seconds] = text.trimEnd().split(":");
  if (magic !== "ClamAV-VDB" || version === undefined || !/^\d{1,10}$/.test(version)) return undefined;
  const isTime = seconds !== undefined && /^\d{1,11}$/.test(seconds);
  return {
    version,
    signatures: countOf(signatures),
    level: countOf(level),
    built: isTime ? new Date(Number(seconds) * 1_000) : null,
  };
}

function countOf(text = ""): number {
  return /^\d{1,12}$/.test(text) ? Number(text) : 0;
}
