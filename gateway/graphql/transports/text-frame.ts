/** The first byte of a WebSocket message says that it is a text, and whole. */
const TEXT = 0x81;
const TWO_BYTES = 126;
const EIGHT_BYTES = 127;

/** What comes before a text of so many bytes in a WebSocket message from a server (RFC 6455, section 5.2). */
export function headOfText(length: number): Buffer {
  if (length < TWO_BYTES) return Buffer.from([TEXT, length]);
  if (length <= 0xffff) return Buffer.from([TEXT, TWO_BYTES, length >> 8, length & 0xff]);
  const head = Buffer.from([TEXT, EIGHT_BYTES, 0, 0, 0, 0, 0, 0, 0, 0]);
  head.writeBigUInt64BE(BigInt(length), 2);
  return head;
}
