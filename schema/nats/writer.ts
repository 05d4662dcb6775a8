/** Sends everything of one turn of the event loop in one write, and large pieces without joining them. */

import type { Protocol } from "./client-internals.js";

/** This many bytes are sent at once, without waiting for the end of the turn. */
const FLUSH_BYTES = 256 * 1024;
/** Pieces below this size are joined: an entry of a vector costs more than a copy. */
const JOINED_BYTES = 16 * 1024;

/** Replaces how the protocol sends. */
export function replaceWriter(protocol: Protocol): void {
  let isDue = false;
  protocol.sendCommand = (command, ...pieces) => {
    const { outbound } = protocol;
    outbound.fill(typeof command === "string" ? Buffer.from(command) : command, ...pieces);
    if (outbound.byteLength >= FLUSH_BYTES) return protocol.flushPending();
    if (isDue) return;
    isDue = true;
    setImmediate(() => {
      isDue = false;
      protocol.flushPending();
    });
  };
  protocol.flushPending = () => {
    if (!protocol.connected || !protocol.infoReceived) return;
    const { outbound, transport } = protocol;
    const pieces = outbound.buffers;
    if (pieces.length === 0) return;
    outbound.buffers = [];
    outbound.byteLength = 0;
    const { socket } = transport;
    // Writes that a closed connection does not take are lost with it, as with the client's own.
    if (socket === undefined || transport.isClosed || !socket.writable) return;
    socket.cork();
    for (const piece of joinSmall(pieces)) socket.write(piece);
    socket.uncork();
  };
}

/** The same bytes, with neighbouring small pieces joined. */
function* joinSmall(pieces: readonly Uint8Array[]): Generator<Uint8Array> {
  let small: Uint8Array[] = [];
  for (const piece of pieces) {
    if (piece.length < JOINED_BYTES) {
      small.push(piece);
      continue;
    }
    if (small.length > 0) yield join(small);
    small = [];
    yield piece;
  }
  if (small.length > 0) yield join(small);
}

function join(pieces: readonly Uint8Array[]): Uint8Array {
  const [only] = pieces;
  return pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces);
}
