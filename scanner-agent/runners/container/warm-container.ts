import { createReadStream } from "node:fs";
import { chmod, link, copyFile, mkdir, rm, unlink } from "node:fs/promises";
import { constants } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as pause } from "node:timers/promises";
import { Failed, hasCode, Unavailable, type RawOutput, type RunOptions, type Sample } from "../../contract.js";
import { within } from "../../within.js";
import { DockerAway } from "./docker.js";
import type { ContainerWatch } from "./events.js";
import { collectOutput } from "./output.js";
import { bind, findRelaxation, SAMPLE_FOLDER } from "./profile.js";
import { IDLE } from "./program.js";
import type { ContainerEngine, Recipe } from "./recipe.js";
import { inspectState } from "./resources.js";

/** How long what a command left behind may hold its output open. */
const LINGER_MS = 1_000;
/** How soon an event arrives after what it reports. */
const EVENT_MS = 1_000;
/** How soon the event arrives that says why a command was killed; it often comes after the command's end. */
const OUT_OF_MEMORY_MS = 5_000;
/** How long a daemon that is shutting down takes to exit after it has ended its containers. */
const SHUTDOWN_MS = 3_000;
/**
 * A command that a signal ended has this plus the signal's number as its exit status. The base alone stands for a status that
 * Docker does not know, so that the cause of such an end is looked for too.
 */
const SIGNAL_BASE = 128;
/** How the system ends a process that is out of memory. */
const KILLED = SIGNAL_BASE + constants.signals.SIGKILL;

/** A started container that waits for commands and runs one at a time. */
export interface WarmContainer {
  /** How many samples it has had. */
  scans: number;
  /** In milliseconds, as Date.now() tells. */
  readonly createdAt: number;
  hasEnded(): boolean;
  /** Puts a sample into its folder, which no other container sees, and returns a function that removes it. */
  placeSample(sample: Sample): Promise<() => Promise<void>>;
  /** Runs a command to its end. Throws {@link Failed}, {@link TimedOut}, {@link Unavailable} or the signal's reason. */
  run(command: readonly string[], options: CommandOptions): Promise<RawOutput>;
  /** Whether it runs only the processes that it had at its start. */
  isQuiet(): Promise<boolean>;
  /** Ends it and removes it with its folder. */
  discard(): Promise<void>;
}

/** How a command is run. */
export interface CommandOptions extends Pick<RunOptions, "timeoutMs" | "signal"> {
  /** A file that is sent to its standard input. */
  readonly input?: string | undefined;
}

/** Starts a container in which the agent's own program waits. Throws {@link Unavailable}. */
export async function startWarmContainer(
  { host, run, log }: ContainerEngine,
  recipe: Recipe,
  slot: string,
): Promise<WarmContainer> {
  const { daemon } = host;
  const { docker } = recipe;
  const folder = join(recipe.folder, slot);
  const folderMounted = docker.spoolHidden === undefined;
  const keepsProcesses = findRelaxation(run.relax, "keepProcesses") ?? false;
  await mkdir(folder, { mode: 0o755 });
  await chmod(folder, 0o755);
  const mounts = [docker.program.mount, ...(folderMounted ? [bind(folder, SAMPLE_FOLDER)] : [])];
  const container = await recipe.create(slot, { Entrypoint: [IDLE], Cmd: [], mounts });
  const watch: ContainerWatch = docker.events.watch(container.id);
  let discarded: Promise<void> | undefined;
  let lingered = false;

  function discard(): Promise<void> {
    watch.close();
    return (discarded ??= host.remove(container.id).finally(() => rm(folder, { recursive: true, force: true })));
  }

  async function countProcesses(): Promise<number> {
    const { Processes } = await daemon.ask("list processes", () => container.top());
    // Null for a container that has just ended.
    return (Processes as string[][] | null)?.length ?? 0;
  }

  async function placeSample(sample: Sample): Promise<() => Promise<void>> {
    if (!folderMounted || sample.path === null) return () => Promise.resolve();
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
        // The folder was removed with the container.
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
        // What it left behind may hold its output open, and only the container's end closes it.
        linger = setTimeout(() => {
          lingered = true;
          void discard().catch((error: unknown) => log.warn({ err: error }, "Cannot remove a container"));
        }, LINGER_MS);
        resolve();
      });
    });
    const stream: Duplex = await daemon.ask("run a command", () => exec.start({ hijack: true, stdin: input !== undefined }));
    const output = collectOutput(stream, run.limits.output);
    const sending = input === undefined ? undefined : sendFile(input, stream);
    try {
      const text = await within(timeoutMs, output.whole(), signal);
      // An answer about a part of the sample proves nothing.
      const problem = sending?.readError();
      const isEarly = sending?.isSent() === false;
      if (problem !== undefined) throw new Unavailable(`cannot read the sample: ${problem.message}`, { cause: problem });
      await Promise.race([ended, pause(EVENT_MS, undefined, { ref: false })]);
      exitCode ??=
        (await daemon.ask("tell how a command ended", (_, abortSignal) => exec.inspect({ abortSignal }))).ExitCode ?? undefined;
      return { exitCode: exitCode ?? SIGNAL_BASE, ...text, ...(isEarly && { isEarly }) };
    } finally {
      clearTimeout(linger);
      output.close();
    }
  }

  /** Throws if the engine did not end the command itself: {@link Failed} or {@link Unavailable}, depending on who did. */
  async function checkEnd({ exitCode }: RawOutput): Promise<void> {
    if (discarded !== undefined && !lingered) throw new Unavailable("its containers have been ended");
    const outOfMemory = `ran out of memory (${run.limits.memory} bytes)`;
    if (watch.ranOutOfMemory()) throw new Failed(outOfMemory);
    if (exitCode < SIGNAL_BASE && (lingered || !watch.hasEnded())) return;
    // The signal may have ended the whole container, or the daemon is shutting down.
    const eventMs = exitCode === KILLED ? OUT_OF_MEMORY_MS : EVENT_MS;
    await Promise.race([watch.end, watch.outOfMemory, pause(eventMs, undefined, { ref: false })]);
    const state = await inspectState(daemon, container);
    if (watch.ranOutOfMemory() || state?.OOMKilled) throw new Failed(outOfMemory);
    if (state?.Running) throw new Failed(`was ended by signal ${exitCode - SIGNAL_BASE}`);
    await Promise.race([docker.events.lost, pause(SHUTDOWN_MS, undefined, { ref: false })]);
    await daemon.ping();
    throw new Failed("its container ended while it scanned the sample");
  }

  try {
    await daemon.ask("start a container", (_, abortSignal) => container.start({ abortSignal }));
    const processesAtStart = await countProcesses();
    return {
      scans: 0,
      createdAt: Date.now(),
      hasEnded: watch.hasEnded,
      placeSample,
      async run(command, options) {
        try {
          const raw = await execute(command, options);
          await checkEnd(raw);
          return raw;
        } catch (error) {
          // Only the end of the container ends a command that hangs.
          if (!(error instanceof DockerAway)) await discard();
          throw error;
        }
      },
      isQuiet: async () => discarded === undefined && (keepsProcesses || (await countProcesses()) === processesAtStart),
      discard,
    };
  } catch (error) {
    await discard().catch((problem: unknown) => log.warn({ err: problem }, "Cannot remove a container"));
    throw error;
  }
}

/** Sends a file to an engine, which need not read all of it. */
function sendFile(file: string, stream: Duplex): { isSent(): boolean; readError(): Error | undefined } {
  let problem: Error | undefined;
  let isSent = false;
  stream.once("finish", () => (isSent = true));
  const source = createReadStream(file).once("error", (error) => (problem = error));
  // An error of the source is kept above; one of the stream means that the engine closed its input.
  pipeline(source, stream).catch(() => source.destroy());
  return { isSent: () => isSent, readError: () => problem };
}
