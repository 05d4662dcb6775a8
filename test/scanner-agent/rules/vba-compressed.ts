/**
 * VBA source as Office stores it (the compression of MS-OVBA): chunks of 4096 bytes, in them groups of one flag byte and
 * eight tokens, each a literal byte or a copy of at least three earlier ones.
 */
export function vbaCompressed(source: Uint8Array): Buffer {
  const chunks: Buffer[] = [Buffer.from([1])];
  for (let at = 0; at < source.length; at += 4096) chunks.push(compressedChunk(source.subarray(at, at + 4096)));
  return Buffer.concat(chunks);
}

function compressedChunk(chunk: Uint8Array): Buffer {
  const out: number[] = [];
  let at = 0;
  while (at < chunk.length) {
    const flagAt = out.push(0) - 1;
    for (let bit = 0; bit < 8 && at < chunk.length; bit++) {
      const copy = longestCopy(chunk, at);
      if (copy === undefined) {
        out.push(chunk[at] ?? 0);
        at += 1;
        continue;
      }
      const lengthBits = 16 - offsetBits(at);
      const token = ((copy.back - 1) << lengthBits) | (copy.length - 3);
      out.push(token & 0xff, token >> 8);
      out[flagAt] = (out[flagAt] ?? 0) | (1 << bit);
      at += copy.length;
    }
  }
  const header = Buffer.alloc(2);
  header.writeUInt16LE(0xb000 | (out.length + 2 - 3));
  return Buffer.concat([header, Buffer.from(out)]);
}

/** How many bits of a copy token hold the offset: more, the further into the chunk it stands. */
function offsetBits(position: number): number {
  return Math.max(4, Math.ceil(Math.log2(position)));
}

function longestCopy(chunk: Uint8Array, at: number): { back: number; length: number } | undefined {
  const longest = Math.min(chunk.length - at, (1 << (16 - offsetBits(Math.max(at, 1)))) + 2);
  let best: { back: number; length: number } | undefined;
  for (let from = at - 1; from >= 0; from--) {
    let length = 0;
    while (length < longest && chunk[from + length] === chunk[at + length]) length += 1;
    if (length >= 3 && length > (best?.length ?? 0)) best = { back: at - from, length };
  }
  return best;
}
