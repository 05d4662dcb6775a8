/** Memory that newer versions of Node can free. */
interface Transferable {
  transfer?(length: number): unknown;
}

/**
 * Frees the memory of pieces of which nobody looks at a byte any more. Otherwise it counts until the next collection, and brings that
 * about: a megabyte costs twice as much. Node 20 cannot free memory at once.
 */
export function freePieces(pieces: readonly Uint8Array[]): void {
  for (const { buffer, byteLength } of pieces) {
    // Memory that is shared with others is larger.
    if (byteLength > 0 && buffer.byteLength === byteLength) (buffer as Transferable).transfer?.(0);
  }
}
