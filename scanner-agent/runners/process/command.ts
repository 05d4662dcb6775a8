import { Failed, TimedOut, type RawOutput } from "../../contract.js";
import { spawnGuarded } from "./guard.js";
import { retryLostMount } from "./lost-mount.js";

/** How a command is run. */
export interface CommandOptions {
  /** A private folder. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** Limit in bytes, for standard output and standard error each. */
  readonly maxOutput: number;
  /** What an operator raises that limit by. */
  readonly setting?: string;
}

/**
 * Runs a command to its end and returns all of its output; then ends what is left of its process group. Throws
 * {@link TimedOut}, the signal's reason, or {@link Failed} if it cannot be started or prints too much.
 */
export function runCommand(argv: readonly string[], options: CommandOptions): Promise<RawOutput> {
  return retryLostMount(() => runOnce(argv, options), onlyError);
}

/** The one line that was printed by a command that failed. */
function onlyError({ exitCode, stdout, stderr }: RawOutput): string {
  return exitCode === 1 && stdout === "" && /^.+\n$/.test(stderr) ? stderr : "";
}

function runOnce(argv: readonly string[], options: CommandOptions): Promise<RawOutput> {
  return new Promise((resolve, reject) => {
    const guarded = spawnGuarded(argv, options);
    const setting = options.setting === undefined ? "" : ` (${options.setting})`;
    const { process: child } = guarded;
    const stdout = collect(child.stdout, "standard output");
    const stderr = collect(child.stderr, "standard error");
    const timer = setTimeout(() => giveUp(new TimedOut(options.timeoutMs)), options.timeoutMs);
    const onAbort = () => giveUp(options.signal?.reason);
    options.signal?.addEventListener("abort", onAbort, { once: true });
    if (options.signal?.aborted) onAbort();

    child.on("error", (error) => giveUp(new Failed(`cannot be started: ${error.message}`)));
    // A process that the program left behind may hold the output open; ending it ends the output.
    child.on("exit", () => guarded.kill());
    child.on("close", (code) => {
      settle();
      resolve({ exitCode: code ?? 137, stdout: text(stdout), stderr: text(stderr) });
    });

    function collect(stream: NodeJS.ReadableStream | null, name: string): Buffer[] {
      const parts: Buffer[] = [];
      let size = 0;
      stream?.on("data", (part: Buffer) => {
        size += part.length;
        if (size > options.maxOutput) giveUp(new Failed(`printed more than ${options.maxOutput} bytes on ${name}${setting}`));
        else parts.push(part);
      });
      return parts;
    }

    function giveUp(reason: unknown): void {
      settle();
      guarded.kill();
      child.stdout?.destroy();
      child.stderr?.destroy();
      reject(reason);
    }

    function settle(): void {
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", onAbort);
    }
  });
}

function text(parts: readonly Buffer[]): string {
  return Buffer.concat(parts).toString("utf8");
}
