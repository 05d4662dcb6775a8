/** The first byte of a text message in a single frame. */
const FINAL_TEXT = 0x81;
const TWO_BYTES = 126;
const EIGHT_BYTES = 127;

/** The header of a server's WebSocket frame with a text of `length` bytes (RFC 6455, section 5.2). */
export function textFrameHeader(length: number): Buffer {
  if (length < TWO_BYTES) return Buffer.from([FINAL_TEXT, length]);
  if (length <= 0xffff) return Buffer.from([FINAL_TEXT, TWO_BYTES, length >> 8, length & 0xff]);
  const head = Buffer.from([FINAL_TEXT, EIGHT_BYTES, 0, 0, 0, 0, 0, 0, 0, 0]);
  head.writeBigUInt64BE(BigInt(length), 2);
  return head;
}
