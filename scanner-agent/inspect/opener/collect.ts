import { isTelling } from "../formats/office.js";
import { createSearch, type Search, type Signature } from "../formats/search.js";
import { memorySource, type Source } from "../formats/source.js";
import type { Findings } from "./findings.js";
import type { Sink } from "./seven-zip.js";

const BEGIN_BYTES = 1024 * 1024;

/** A container holds more than is looked at; the run of 7-Zip ends. */
export class LimitReached extends Error {
  constructor(readonly member: string) {
    super("a limit is reached");
  }
}

/** A member that may be a container or an encrypted document itself. */
export interface CollectedMember {
  readonly name: string;
  readonly signatures: readonly Signature[];
  /** Undefined: it is too large to be kept. */
  readonly bytes: Source | undefined;
}

/** What members unpack to: searched, and kept as long as there is something to look into. */
export interface Collected {
  readonly sink: Sink;
  /** What those members begin with that tell whether a document is encrypted. */
  readonly begins: ReadonlyMap<string, Buffer>;
  members(): readonly CollectedMember[];
}

interface Current {
  readonly name: string;
  readonly search: Search;
  chunks: Buffer[];
  bytes: number;
}

/** Starts collecting. */
export function collectMembers(findings: Findings): Collected {
  const begins = new Map<string, Buffer>();
  const found: CollectedMember[] = [];
  let room = findings.keepBytes;
  let current: Current | undefined;

  function finish(): void {
    if (current === undefined) return;
    const { name, search, chunks, bytes } = current;
    current = undefined;
    const signatures = search.signatures();
    if (signatures.length === 0) return;
    const isKept = bytes <= room;
    if (isKept) room -= bytes;
    found.push({ name, signatures, bytes: isKept ? memorySource(Buffer.concat(chunks)) : undefined });
  }

  return {
    sink: {
      write(name, bytes) {
        if (!findings.count({ unpacked: bytes.length })) throw new LimitReached(name);
        if (current?.name !== name) finish();
        current ??= { name, search: createSearch(), chunks: [], bytes: 0 };
        // 7-Zip uses its memory again.
        const copy = Buffer.from(bytes);
        current.search.read(copy);
        current.bytes += copy.length;
        if (current.bytes <= room) current.chunks.push(copy);
        else current.chunks = [];
        if (!isTelling(name)) return;
        const begin = begins.get(name) ?? Buffer.alloc(0);
        if (begin.length < BEGIN_BYTES) begins.set(name, Buffer.concat([begin, copy]).subarray(0, BEGIN_BYTES));
      },
    },
    begins,
    members() {
      finish();
      return found;
    },
  };
}
