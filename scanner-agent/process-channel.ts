/** Messages between the agent and a process of its own: lines of JSON on its standard input and output. */

const NEWLINE = 10;

/**
 * The process's end: calls back with each message of the agent, and ends the process with the agent. The answer sends a message to
 * the agent.
 */
export function connectToAgent<ToProcess, FromProcess>(onMessage: (message: ToProcess) => void): (message: FromProcess) => void {
  process.stdin.on(
    "data",
    createLineReader((message) => onMessage(message as ToProcess)),
  );
  // Nobody is there to ask it any more.
  process.stdin.on("end", () => process.exit(0));
  return (message) => void process.stdout.write(lineOf(message));
}

/** A message as a line. */
export function lineOf(message: unknown): string {
  return `${JSON.stringify(message)}\n`;
}

/** Takes lines piece by piece and calls back with each message. Throws if a line is longer than the limit or no JSON. */
export function createLineReader(onMessage: (message: unknown) => void, limit = Infinity): (piece: Buffer) => void {
  let parts: Buffer[] = [];
  let size = 0;
  return (piece) => {
    for (let at = 0; at < piece.length;) {
      const newline = piece.indexOf(NEWLINE, at);
      const part = piece.subarray(at, newline === -1 ? piece.length : newline);
      parts.push(part);
      size += part.length;
      if (size > limit) throw new Error(`a message is larger than ${limit} bytes`);
      if (newline === -1) return;
      const line = Buffer.concat(parts).toString("utf8");
      [parts, size, at] = [[], 0, newline + 1];
      onMessage(JSON.parse(line));
    }
  };
}
