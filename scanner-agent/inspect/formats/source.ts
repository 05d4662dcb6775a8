/** The bytes of a sample or of a member, read where they are needed. */
export interface Source {
  /** Bytes. */
  readonly size: number;
  /** Fills the target from there on, and answers how many bytes there were. */
  read(target: Uint8Array, position: number): number;
}

const WINDOW_BYTES = 8 * 1024 * 1024;

/** Bytes in memory. */
export function memorySource(bytes: Buffer): Source {
  const read = (target: Uint8Array, position: number) =>
    position < bytes.length ? bytes.copy(target, 0, position, position + target.length) : 0;
  return { size: bytes.length, read };
}

/** The bytes from there on. */
export function sourceFrom(source: Source, start: number): Source {
  return {
    size: Math.max(0, source.size - start),
    read: (target, position) => source.read(target, start + position),
  };
}

/** Some of the bytes; fewer than were asked for at the end. */
export function readAt(source: Source, position: number, length: number): Buffer {
  const target = Buffer.alloc(Math.max(0, Math.min(length, source.size - position)));
  return target.subarray(0, source.read(target, position));
}

/** All of the bytes, in pieces that overlap by so much. */
export function* windowsOf(source: Source, overlap: number): Generator<{ readonly bytes: Buffer; readonly position: number }> {
  for (let position = 0; position < source.size; position += WINDOW_BYTES)
    yield { bytes: readAt(source, position, WINDOW_BYTES + overlap), position };
}
