import type { Logger } from "pino";
import {
  Cancelled,
  Failed,
  TimedOut,
  Unavailable,
  type RawOutput,
  type RunOptions,
  type Runner,
  type Sample,
} from "../../contract.js";
import { createGate } from "../gate.js";
import { findProgram } from "../../programs.js";
import { outlasted, within } from "../../within.js";
import { CLAMD_LIMITS, type ClamdLimits } from "./config.js";
import { findSignatures } from "./database.js";
import { isAnswering, removeStaleDaemons, startDaemon, type Daemon } from "./daemon.js";
import { readVersion } from "./version.js";
import { command, HungUp, NotListening, stream, type Conversation } from "./protocol.js";
import { noFence, type Fence } from "../process/fence.js";

const ASK_TIMEOUT_MS = 10_000;
/** How long clamd may go on with a sample after its time before it is started anew. */
const STUCK_MS = 10_000;

/** clamd as a service of this host. */
export interface ClamdOptions {
  /** The signature folder that was set, if any. */
  readonly database: string | undefined;
  readonly slots: number;
  /** The engine's timeout. */
  readonly timeoutMs: number;
  readonly programPath: string;
  /** Names the agent among those of this host: its spool folder. */
  readonly owner: string;
  readonly log: Logger;
  readonly limits?: ClamdLimits;
  /** Finds the fence it runs in, once it is started; default: none. */
  readonly fence?: () => Promise<Fence>;
}

/** A sample in clamd; `shared` if another was there at the same time. */
interface Run {
  shared: boolean;
}

/** Runs samples through a clamd that it starts, over its Unix socket. */
export function createClamdRunner({
  database,
  slots,
  timeoutMs,
  programPath,
  owner,
  log,
  limits = CLAMD_LIMITS,
  fence: findFence = () => Promise.resolve(noFence),
}: ClamdOptions): Runner {
  const gate = createGate();
  const listeners: ((reason: string) => void)[] = [];
  let daemon: Daemon | undefined;
  let cleaned = false;
  let fence: Fence | undefined;
  const running = new Set<Run>();
  const stopped = new WeakSet<Daemon>();

  async function start(): Promise<void> {
    const program = await findProgram("clamd", programPath);
    if (program === undefined) throw new Unavailable("clamd is not installed");
    const signatures = await findSignatures(database);
    if (daemon !== undefined && (await isAnswering(daemon))) return;
    await stop();
    if (!cleaned) await removeStaleDaemons(owner);
    cleaned = true;
    fence ??= await findFence();
    const started = await startDaemon({ program, owner, fence, database: signatures.folder, slots, timeoutMs, limits });
    daemon = started;
    void started.ended.then((words) => {
      if (daemon !== started) return;
      daemon = undefined;
      log.error({ words }, "clamd ended");
      for (const listener of listeners) listener(`clamd ended: ${words}`);
      void started.stop();
    });
  }

  async function stop(): Promise<void> {
    const old = daemon;
    daemon = undefined;
    if (old === undefined) return;
    stopped.add(old);
    await old.stop();
  }

  async function ask(name: string): Promise<string> {
    const conversation = command(current().socketPath, name);
    try {
      return (await within(ASK_TIMEOUT_MS, conversation.reply)).replace(/\0$/, "");
    } catch (error) {
      throw error instanceof TimedOut ? new Unavailable(`clamd does not answer to ${name}`, { cause: error }) : error;
    } finally {
      conversation.hangUp();
    }
  }

  function current(): Daemon {
    if (daemon === undefined) throw new NotListening("clamd is not running");
    return daemon;
  }

  async function run(sample: Sample, options: RunOptions): Promise<RawOutput> {
    if (sample.path === null) throw new Failed("ClamAV needs the sample's bytes");
    const leave = await gate.enter(options.alone);
    const mine: Run = { shared: running.size > 0 };
    for (const other of running) other.shared = true;
    running.add(mine);
    const on = daemon;
    try {
      return await scan(current(), sample.path, options);
    } catch (error) {
      // If clamd ended by itself while it had this sample only, the sample ended it.
      const ended = error instanceof HungUp && on !== undefined && !stopped.has(on);
      if (ended && !mine.shared) throw new Failed("clamd ended while it scanned the sample", { cause: error });
      throw error;
    } finally {
      running.delete(mine);
      leave();
    }
  }

  async function scan(on: Daemon, path: string, { timeoutMs: limit, signal }: RunOptions): Promise<RawOutput> {
    const conversation = stream(on.socketPath, path);
    const end = performance.now() + limit;
    try {
      return { exitCode: 0, stdout: await within(limit, conversation.reply, signal), stderr: "" };
    } catch (error) {
      // Nothing makes clamd stop: its thread, and with it the slot, is taken until it has looked.
      const cancelled = error instanceof Cancelled;
      const late = cancelled ? await outlasted(end - performance.now(), conversation.reply) : error;
      if (late instanceof TimedOut) watchStuck(on, conversation);
      else conversation.hangUp();
      throw error;
    }
  }

  /** clamd does not stop when its caller hangs up: only a new clamd frees a thread that never ends. */
  function watchStuck(on: Daemon, conversation: Conversation): void {
    const timer = setTimeout(() => {
      conversation.hangUp();
      if (daemon !== on) return;
      log.error("clamd is stuck on a sample: it is started anew");
      void stop().then(() => listeners.forEach((listener) => listener("clamd was stuck on a sample")));
    }, STUCK_MS);
    const ended = () => clearTimeout(timer);
    conversation.reply.then(ended, ended);
  }

  return {
    get description() {
      return `process (${(fence ?? noFence).description})`;
    },
    start,
    async versions() {
      const [reply, signatures] = await Promise.all([ask("VERSION"), findSignatures(database)]);
      return readVersion(reply, signatures.newest);
    },
    run,
    stop,
    onLost: (listener) => void listeners.push(listener),
  };
}
