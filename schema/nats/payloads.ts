/** Memory for large messages that arrive. A fresh piece costs its page faults, which is more than the copy into it. */

/** The size of a piece of memory: a chunk of a sample fits with what NATS says about it. */
const BLOCK_BYTES = 1024 * 1024;
/** What is smaller has memory of its own size. */
const SMALL_BYTES = 256 * 1024;
/** The most pieces that wait to be used again. */
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
 * Takes the memory of a message back for a later one. Only for whoever alone has it, and does not look at it any more. Memory that is
 * not given back is collected as any other.
 */
export function recycle({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === BLOCK_BYTES && free.size < KEPT) free.add(buffer);
}
