/**
 * Messages between the agent and a process of its own: lines of JSON on its standard input and output. Behind a line to the process
 * may be as many bytes as its `attached` says.
 */

const NEWLINE = 10;

/** Where messages are written to. */
interface Output {
  cork?(): void;
  uncork?(): void;
  write(data: string | Uint8Array): unknown;
}

/**
 * The process's end of the channel: calls back with each message of the agent, and ends the process when the agent ends. Returns a function
 * that sends a message to the agent.
 */
export function connectToAgent<ToProcess, FromProcess>(
  onMessage: (message: ToProcess, attached: Buffer | undefined) => void,
): (message: FromProcess) => void {
  process.stdin.on(
    "data",
    createLineReader((message, attached) => onMessage(message as ToProcess, attached), { takesAttached: true }),
  );
  // The agent is gone.
  process.stdin.on("end", () => process.exit(0));
  return (message) => void process.stdout.write(lineOf(message));
}

/** Sends a message, and the bytes that belong to it, in one write. */
export function sendLine(output: Output, message: unknown, attached?: Uint8Array): void {
  if (attached === undefined) return void output.write(lineOf(message));
  output.cork?.();
  output.write(lineOf({ ...(message as object), attached: attached.length }));
  output.write(attached);
  output.uncork?.();
}

function lineOf(message: unknown): string {
  return `${JSON.stringify(message)}\n`;
}

/**
 * Takes lines piece by piece and calls back with each message, and with the bytes behind it if it takes any. Throws if a line is
 * longer than the limit or no JSON.
 */
export function createLineReader(
  onMessage: (message: unknown, attached?: Buffer) => void,
  { limit = Infinity, takesAttached = false } = {},
): (piece: Buffer) => void {
  let parts: Buffer[] = [];
  let size = 0;
  /** A message whose bytes have not all arrived. */
  let pending: { readonly message: unknown; readonly bytes: Buffer; filled: number } | undefined;

  function fill(piece: Buffer): number {
    if (pending === undefined) return 0;
    const { message, bytes } = pending;
    const copied = piece.copy(bytes, pending.filled);
    pending.filled += copied;
    if (pending.filled < bytes.length) return copied;
    pending = undefined;
    onMessage(message, bytes);
    return copied;
  }

  function take(message: unknown): void {
    const length = takesAttached ? (message as { attached?: number }).attached : undefined;
    if (length === undefined) return onMessage(message);
    // Memory of its own, so that it can be handed to a thread.
    pending = { message, bytes: Buffer.alloc(length), filled: 0 };
    if (length === 0) fill(pending.bytes);
  }

  return (piece) => {
    for (let at = 0; at < piece.length;) {
      if (pending !== undefined) {
        at += fill(piece.subarray(at));
        continue;
      }
      const newline = piece.indexOf(NEWLINE, at);
      const part = piece.subarray(at, newline === -1 ? piece.length : newline);
      parts.push(part);
      size += part.length;
      if (size > limit) throw new Error(`a message is larger than ${limit} bytes`);
      if (newline === -1) return;
      const line = Buffer.concat(parts).toString("utf8");
      [parts, size, at] = [[], 0, newline + 1];
      take(JSON.parse(line));
    }
  };
}
