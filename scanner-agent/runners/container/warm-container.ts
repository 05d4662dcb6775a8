import { createReadStream } from "node:fs";
import { chmod, link, copyFile, mkdir, rm, unlink } from "node:fs/promises";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as pause } from "node:timers/promises";
import { Failed, hasCode, Unavailable, type RawOutput, type RunOptions, type Sample } from "../../contract.js";
import { within } from "../../within.js";
import { DockerAway } from "./docker.js";
import type { Watch } from "./events.js";
import { collectOutput } from "./output.js";
import { bind, findRelaxation, SAMPLE_FOLDER } from "./profile.js";
import { IDLE } from "./program.js";
import type { ContainerEngine, Recipe } from "./recipe.js";
import { inspectState } from "./resources.js";

/** How long output may be held open by what a command left behind. */
const LINGER_MS = 1_000;
/** How soon an event follows what it tells. */
const EVENT_MS = 1_000;
/** How long it may take until a daemon that ends its containers is gone itself. */
const SHUTDOWN_MS = 3_000;
const FIRST_SIGNAL = 128;

/** A container that waits for commands; one at a time. */
export interface WarmContainer {
  /** How many samples it has had. */
  scans: number;
  readonly bornAt: number;
  ended(): boolean;
  /** Shows it a sample, which it alone sees; the answer takes it away again. */
  show(sample: Sample): Promise<() => Promise<void>>;
  /** Runs a command to its end. Throws {@link Failed}, {@link TimedOut}, {@link Unavailable} or the signal's reason. */
  run(command: readonly string[], options: CommandOptions): Promise<RawOutput>;
  /** Whether nothing but what was there at first runs in it. */
  isQuiet(): Promise<boolean>;
  /** Ends it, with everything in it. */
  discard(): Promise<void>;
}

/** How a command is run. */
export interface CommandOptions extends Pick<RunOptions, "timeoutMs" | "signal"> {
  /** A file for its standard input. */
  readonly input?: string | undefined;
}

/** Starts a container in which our own process waits. */
export async function startWarmContainer(
  { host, run, log }: ContainerEngine,
  recipe: Recipe,
  slot: string,
): Promise<WarmContainer> {
  const { daemon } = host;
  const { ready } = recipe;
  const folder = join(recipe.folder, slot);
  const shown = ready.spoolHidden === undefined;
  const keepsProcesses = findRelaxation(run.relax, "keepProcesses") ?? false;
  await mkdir(folder, { mode: 0o755 });
  await chmod(folder, 0o755);
  const mounts = [ready.program.mount, ...(shown ? [bind(folder, SAMPLE_FOLDER)] : [])];
  const container = await recipe.create(slot, { Entrypoint: [IDLE], Cmd: [], mounts });
  const watch: Watch = ready.events.watch(container.id);
  let discarded: Promise<void> | undefined;
  let lingered = false;

  function discard(): Promise<void> {
    watch.close();
    return (discarded ??= host.remove(container.id).finally(() => rm(folder, { recursive: true, force: true })));
  }

  async function processes(): Promise<number> {
    const { Processes } = await daemon.ask("list processes", () => container.top());
    return Processes.length;
  }

  async function show(sample: Sample): Promise<() => Promise<void>> {
    if (!shown || sample.path === null) return () => Promise.resolve();
    const file = join(folder, sample.sha256);
    try {
      await link(sample.path, file);
    } catch (error) {
      if (!hasCode(error, "EXDEV", "EPERM", "EMLINK")) throw error;
      await copyFile(sample.path, file);
    }
    await chmod(file, 0o444);
    return async () => {
      try {
        await unlink(file);
      } catch (error) {
        // The container was discarded with its folder.
        if (!hasCode(error, "ENOENT")) throw error;
      }
    };
  }

  async function execute(command: readonly string[], { input, timeoutMs, signal }: CommandOptions): Promise<RawOutput> {
    const exec = await daemon.ask("run a command", (_, abortSignal) =>
      container.exec({
        Cmd: [...command],
        AttachStdin: input !== undefined,
        AttachStdout: true,
        AttachStderr: true,
        abortSignal,
      }),
    );
    let exitCode: number | undefined;
    let linger: NodeJS.Timeout | undefined;
    const ended = new Promise<void>((resolve) => {
      watch.onExecEnd(exec.id, (code) => {
        exitCode = code;
        // Something that it left behind may hold its output open: only the container's end closes it then.
        linger = setTimeout(() => {
          lingered = true;
          void discard().catch((error: unknown) => log.warn({ err: error }, "a container is left"));
        }, LINGER_MS);
        resolve();
      });
    });
    const stream: Duplex = await daemon.ask("run a command", () => exec.start({ hijack: true, stdin: input !== undefined }));
    const output = collectOutput(stream, run.limits.output);
    const unread = input === undefined ? () => undefined : feed(input, stream);
    try {
      const text = await within(timeoutMs, output.whole(), signal);
      // What it says of a part of the sample proves nothing of the whole.
      const problem = unread();
      if (problem !== undefined) throw new Unavailable(`the sample could not be read: ${problem.message}`, { cause: problem });
      await Promise.race([ended, pause(EVENT_MS, undefined, { ref: false })]);
      exitCode ??=
        (await daemon.ask("tell a command's end", (_, abortSignal) => exec.inspect({ abortSignal }))).ExitCode ?? undefined;
      return { exitCode: exitCode ?? FIRST_SIGNAL, ...text };
    } finally {
      clearTimeout(linger);
      output.close();
    }
  }

  /** Tells an end by the system, for want of memory, or of the daemon from one of the engine's own. */
  async function checkEnd({ exitCode }: RawOutput): Promise<void> {
    if (discarded !== undefined && !lingered) throw new Unavailable("its containers have been ended");
    const lost = `ran out of memory (${run.limits.memory} bytes)`;
    if (watch.oom()) throw new Failed(lost);
    if (exitCode < FIRST_SIGNAL && (lingered || !watch.ended())) return;
    // What ended it may have ended the container, or the daemon, as well.
    await Promise.race([watch.end, pause(EVENT_MS, undefined, { ref: false })]);
    const state = await inspectState(daemon, container);
    if (state?.OOMKilled) throw new Failed(lost);
    if (state?.Running) throw new Failed(`was ended by signal ${exitCode - FIRST_SIGNAL}`);
    await Promise.race([ready.events.lost, pause(SHUTDOWN_MS, undefined, { ref: false })]);
    await daemon.ping();
    throw new Failed("its container ended while it scanned the sample");
  }

  try {
    await daemon.ask("start a container", (_, abortSignal) => container.start({ abortSignal }));
    const quiet = await processes();
    return {
      scans: 0,
      bornAt: Date.now(),
      ended: watch.ended,
      show,
      async run(command, options) {
        try {
          const raw = await execute(command, options);
          await checkEnd(raw);
          return raw;
        } catch (error) {
          // What does not end is killed with its container, and only then has the engine been ended.
          if (!(error instanceof DockerAway)) await discard();
          throw error;
        }
      },
      isQuiet: async () => discarded === undefined && (keepsProcesses || (await processes()) === quiet),
      discard,
    };
  } catch (error) {
    await discard().catch((problem: unknown) => log.warn({ err: problem }, "a container is left"));
    throw error;
  }
}

/**
 * Sends the sample to an engine, which need not read all of it: that it hangs up shows in what it prints. Returns what tells
 * whether the sample itself could not be read.
 */
function feed(file: string, stream: Duplex): () => Error | undefined {
  let problem: Error | undefined;
  const source = createReadStream(file).once("error", (error) => (problem = error));
  // A failure of the source is kept above; one of the stream is the engine hanging up.
  pipeline(source, stream).catch(() => source.destroy());
  return () => problem;
}
