/** Memory that newer versions of Node can free. */
interface Transferable {
  transfer?(length: number): unknown;
}

/**
 * Frees the memory of pieces that nobody reads any more. Otherwise it counts as used until the next garbage collection, and causes that: a
 * megabyte would cost twice as much. Node 20 cannot free memory at once.
 */
export function freePieces(pieces: readonly Uint8Array[]): void {
  for (const { buffer, byteLength } of pieces) {
    // Memory that is shared with others is larger.
    if (byteLength > 0 && buffer.byteLength === byteLength) (buffer as Transferable).transfer?.(0);
  }
}
