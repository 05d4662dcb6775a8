/** Buffers for large messages that arrive. A fresh buffer costs its page faults, which are more expensive than the copy into it. */

/** The size of a buffer: a chunk of a sample fits with its protocol line and headers. */
const BLOCK_BYTES = 1024 * 1024;
/** Smaller messages get memory of their own size. */
const SMALL_BYTES = 256 * 1024;
/** The most buffers that are kept for reuse. */
const KEPT = 8;

const free = new Set<ArrayBuffer>();

/** Memory for a message of that size; what it holds is undefined. */
export function allocatePayload(size: number): Buffer {
  if (size < SMALL_BYTES || size > BLOCK_BYTES) return Buffer.allocUnsafe(size);
  const [block = new ArrayBuffer(BLOCK_BYTES)] = free;
  free.delete(block);
  return Buffer.from(block, 0, size);
}

/**
 * Takes the buffer of a message back for reuse. Only for a caller that holds it alone and does not read it any more. Buffers that are not
 * given back are collected like any other memory.
 */
export function recycle({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === BLOCK_BYTES && free.size < KEPT) free.add(buffer);
}
