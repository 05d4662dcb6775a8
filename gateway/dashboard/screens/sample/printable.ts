/** Bytes as people read them. */

const ROW = 16;
const SHORTEST = 4;

/** Offset, bytes in hex and as text, 16 in a line. */
export function hexDump(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += ROW) {
    const row = [...bytes.subarray(at, at + ROW)];
    const hex = row.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const text = row.map((byte) => (isPrintable(byte) ? String.fromCharCode(byte) : ".")).join("");
    lines.push(`${offset(at)}  ${hex.padEnd(ROW * 3)} ${text}`);
  }
  return lines.join("\n");
}

/** Runs of printable ASCII characters, of one byte or of two (as Windows stores text), each with its offset. */
export function stringsIn(bytes: Uint8Array): string {
  const found = [...runs(bytes, 1), ...runs(bytes, 2)].toSorted((one, other) => one.at - other.at);
  return found.map(({ at, text }) => `${offset(at)}  ${text}`).join("\n");
}

function* runs(bytes: Uint8Array, width: 1 | 2): Generator<{ readonly at: number; readonly text: string }> {
  // One more character, that is none, ends the last run.
  for (let at = 0, text = ""; at <= bytes.length; at += text === "" && width === 2 ? 1 : width) {
    const byte = bytes[at];
    if (byte !== undefined && isPrintable(byte) && (width === 1 || bytes[at + 1] === 0)) text += String.fromCharCode(byte);
    else {
      if (text.length >= SHORTEST) yield { at: at - text.length * width, text };
      text = "";
    }
  }
}

function isPrintable(byte: number): boolean {
  return byte >= 0x20 && byte < 0x7f;
}

function offset(at: number): string {
  return at.toString(16).padStart(8, "0");
}
