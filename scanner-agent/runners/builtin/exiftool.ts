import { randomInt } from "node:crypto";
import type { Readable, Writable } from "node:stream";
import { Failed, TimedOut } from "../../contract.js";
import { spawnGuarded, type GuardedProcess } from "../process/guard.js";

/** An exiftool that stays open: starting Perl and its modules costs fifty times what reading a sample does. */
export interface OpenExiftool {
  /**
   * What it prints about a file. Throws {@link TimedOut} or {@link Failed}, and {@link ExiftoolEnded} if it has ended by itself; the
   * next file has a new process then. One file at a time.
   */
  read(path: string): Promise<string>;
}

/** It ended instead of answering: the sample has crashed it, or this program does not support staying open. */
export class ExiftoolEnded extends Error {
  override readonly name = "ExiftoolEnded";
}

export interface ExiftoolOptions {
  /** The program, and what stands before it. Its arguments for each file are read from file descriptor 3. */
  readonly argv: readonly string[];
  /** For each file. */
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** Limit in bytes, for standard output and standard error each. */
  readonly maxOutput: number;
  /** It is restarted after this many files, so that whatever it keeps of them does not grow without end. */
  readonly filesEach?: number;
  /** It is ended after this long without a file, to free its memory. */
  readonly idleMs?: number;
}

interface Running {
  readonly guarded: GuardedProcess;
  readonly input: Writable;
  /** Of the present file. */
  onOutput(part: string, stream: "stdout" | "stderr"): void;
  onEnd(): void;
  files: number;
  hasEnded: boolean;
}

const nothing = () => undefined;

export function createExiftool(options: ExiftoolOptions): OpenExiftool {
  const { filesEach = 500, idleMs = 60_000 } = options;
  let running: Running | undefined;
  let idle: NodeJS.Timeout | undefined;

  function stop(): void {
    clearTimeout(idle);
    running?.guarded.kill();
    running = undefined;
  }

  return {
    async read(path) {
      // A name with a line break would be two arguments.
      if (path.includes("\n")) throw new ExiftoolEnded("it cannot be told this name");
      clearTimeout(idle);
      const exiftool = (running ??= start(options));
      try {
        const answer = await ask(exiftool, path, options);
        if (++exiftool.files >= filesEach) stop();
        else idle = setTimeout(stop, idleMs).unref();
        return answer;
      } catch (error) {
        stop();
        throw error;
      }
    },
  };
}

function start({ argv, cwd, env }: ExiftoolOptions): Running {
  const guarded = spawnGuarded(argv, { cwd, env, hasInput: true });
  const { process: child } = guarded;
  const input = child.stdio[3] as Writable;
  const running: Running = { guarded, input, onOutput: nothing, onEnd: nothing, files: 0, hasEnded: false };
  const end = () => {
    running.hasEnded = true;
    running.onEnd();
  };
  // It ends when its input does; a pending answer is rejected then.
  input.on("error", nothing);
  for (const stream of ["stdout", "stderr"] as const) {
    const output = child[stream] as Readable;
    output.setEncoding("utf8").on("data", (part: string) => running.onOutput(part, stream));
  }
  child.on("error", end);
  child.on("exit", () => guarded.kill());
  child.on("close", end);
  return running;
}

function ask(running: Running, path: string, { args, timeoutMs, maxOutput }: ExiftoolOptions): Promise<string> {
  // Otherwise a sample that knew the line that ends its answer could print it.
  const id = randomInt(2 ** 47);
  const last = `{ready${id}}\n`;
  let timer: NodeJS.Timeout | undefined;
  return new Promise<string>((resolve, reject) => {
    const sizes = { stdout: 0, stderr: 0 };
    let text = "";
    timer = setTimeout(() => reject(new TimedOut(timeoutMs)), timeoutMs);
    running.onEnd = () => reject(new ExiftoolEnded("it ended instead of answering"));
    running.onOutput = (part, stream) => {
      sizes[stream] += Buffer.byteLength(part);
      const name = stream === "stdout" ? "standard output" : "standard error";
      if (sizes[stream] > maxOutput) return reject(new Failed(`printed more than ${maxOutput} bytes on ${name}`));
      if (stream === "stderr") return;
      text += part;
      if (text.endsWith(last)) resolve(text.slice(0, -last.length));
    };
    if (running.hasEnded) return running.onEnd();
    running.input.write([...args, path, `-execute${id}`, ""].join("\n"));
  }).finally(() => {
    clearTimeout(timer);
    running.onOutput = nothing;
    running.onEnd = nothing;
  });
}
