import type { ContainerFormat } from "../../../schema/closed.js";
import { CONTAINERS } from "./containers.js";
import { mayBeCms } from "./cms.js";
import { mayBePgp } from "./pgp.js";

/** What a file may be or hold, by its bytes. */
export interface Signature {
  readonly format: ContainerFormat | "pdf" | "pgp" | "cms";
  readonly at: "start" | "inside" | "end";
}

/** Searches a file for signatures while its bytes pass by. */
export interface Search {
  /** The next bytes, in order. */
  read(chunk: Uint8Array): void;
  /** What was found, once all bytes were read. */
  signatures(): readonly Signature[];
}

const HEAD_BYTES = 1024;
const ZIP_END = Buffer.from("PK\x05\x06", "latin1");
const ZIP_END_BYTES = 22;
const TAIL_BYTES = ZIP_END_BYTES + 0xffff;

/** A signature that counts wherever it stands. */
interface Sought {
  readonly format: Signature["format"];
  /** Six bytes at most, the first of them rare in texts: others are slower to search for. */
  readonly part: Buffer;
  /** The whole of it, and where the part stands in it. */
  readonly whole: Buffer;
  readonly offset: number;
}

const INSIDE: readonly Sought[] = [
  ...CONTAINERS.flatMap(({ format, inside }) =>
    inside === undefined ? [] : [{ format, part: inside, whole: inside, offset: 0 }],
  ),
  sought("pgp", "-----BEGIN PGP MESSAGE-----", "GP MES"),
  sought("cms", "-----BEGIN PKCS7-----", "KCS7--"),
  sought("cms", "-----BEGIN CMS-----", "CMS---"),
  sought("cms", "pkcs7-mime", "7-mime"),
];
const LONGEST = Math.max(...INSIDE.map(({ whole }) => whole.length));

/** Starts a search. */
export function createSearch(): Search {
  let head: Buffer = Buffer.alloc(0);
  let tail: Buffer = Buffer.alloc(0);
  let wanted = INSIDE;
  const found = new Set<Signature["format"]>();

  function find(haystack: Buffer): void {
    const hits = wanted.filter((one) => isIn(haystack, one));
    if (hits.length === 0) return;
    for (const { format } of hits) found.add(format);
    wanted = wanted.filter(({ format }) => !found.has(format));
  }

  return {
    read(chunk) {
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
      if (head.length < HEAD_BYTES) head = Buffer.concat([head, bytes.subarray(0, HEAD_BYTES - head.length)]);
      // What begins in one chunk and ends in the next.
      if (tail.length > 0) find(Buffer.concat([tail.subarray(-(LONGEST - 1)), bytes.subarray(0, LONGEST - 1)]));
      find(bytes);
      tail = bytes.length >= TAIL_BYTES ? bytes : Buffer.concat([tail, bytes]).subarray(-TAIL_BYTES);
    },
    signatures() {
      const atStart = startOf(head);
      const start: Signature[] = atStart === undefined ? [] : [{ format: atStart, at: "start" }];
      const end: Signature[] = atStart !== "zip" && endsAsZip(tail) ? [{ format: "zip", at: "end" }] : [];
      const known = new Set([...start, ...end].map(({ format }) => format));
      const inside = [...found].filter((format) => !known.has(format)).map((format): Signature => ({ format, at: "inside" }));
      return [...start, ...end, ...inside];
    },
  };
}

/** The signatures of bytes that are all there. */
export function searchAll(chunks: Iterable<Uint8Array>): readonly Signature[] {
  const search = createSearch();
  for (const chunk of chunks) search.read(chunk);
  return search.signatures();
}

function sought(format: Signature["format"], whole: string, part: string): Sought {
  return { format, part: Buffer.from(part), whole: Buffer.from(whole), offset: whole.indexOf(part) };
}

function isIn(haystack: Buffer, { part, whole, offset }: Sought): boolean {
  for (let at = haystack.indexOf(part); at >= 0; at = haystack.indexOf(part, at + 1)) {
    const from = at - offset;
    if (from >= 0 && haystack.subarray(from, from + whole.length).equals(whole)) return true;
  }
  return false;
}

function startOf(head: Buffer): Signature["format"] | undefined {
  const container = CONTAINERS.find((one) => one.isStart(head));
  if (container !== undefined) return container.format;
  if (head.includes("%PDF-")) return "pdf";
  if (mayBePgp(head)) return "pgp";
  return mayBeCms(head) ? "cms" : undefined;
}

/** Whether an end record closes the file: with its comment it reaches exactly to the last byte. */
function endsAsZip(tail: Buffer): boolean {
  for (let at = tail.lastIndexOf(ZIP_END); at >= 0; at = at === 0 ? -1 : tail.lastIndexOf(ZIP_END, at - 1)) {
    const comment = at + ZIP_END_BYTES;
    if (comment <= tail.length && comment + tail.readUInt16LE(comment - 2) === tail.length) return true;
  }
  return false;
}
