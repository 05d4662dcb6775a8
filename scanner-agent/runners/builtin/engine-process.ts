import { join, relative } from "node:path";
import type { Logger } from "pino";
import { projectPath } from "../../../schema/paths.js";
import { reasonOf, Unavailable } from "../../contract.js";
import { awaitEnd, within } from "../../within.js";
import { createOccupancy, HungUp, type Occupancy } from "../conversation.js";
import { LIMITS, noFence, type Fence } from "../process/fence.js";
import { NODE_START_MS, startNode, type ShownFile } from "../process/fenced-node.js";
import { createWorker, type EngineWorker } from "./engine-worker.js";
import { FromProcess, type ToProcess, type WorkerAnswer } from "./worker-server.js";

/** How long a worker may take to end before its process is ended. */
const WORKER_END_MS = 5_000;
/**
 * Of the process's own thread; each worker has its own heap. Without guards WebAssembly reserves no address space that stays
 * reserved.
 */
const FLAGS = ["--disable-wasm-trap-handler", "--max-old-space-size=512"];
const PROGRAM = join("dist", "scanner-agent", "runners", "builtin", "worker-process.js");
/** All workers together: samples and rules, each in its own memory. */
const MEMORY = 64 * 1024 ** 3;

/** A process with workers of one engine, which scan one sample each at a time. */
export interface EngineProcess {
  /** How it is fenced in. */
  readonly fence: Fence;
  /** The samples that it scans now. */
  readonly occupancy: Occupancy;
  startWorker(): EngineWorker;
  /** Shows it a sample. */
  show(path: string): ShownFile;
  hasEnded(): boolean;
  /** Whether it was this that ended it. */
  wasStopped(): boolean;
  stop(): Promise<void>;
}

/** What a process needs of its host. */
export interface EngineProcessOptions {
  /** The worker's compiled file. */
  readonly file: string;
  readonly folder: string;
  readonly programPath: string;
  readonly log: Logger;
}

/**
 * Starts the process in a fence, or without one if it does not start there; `hasHeld`: one has started there before, so there
 * must be another reason, and it is not started without. Throws {@link Unavailable}.
 */
export async function startEngineProcess(fence: Fence, options: EngineProcessOptions, hasHeld: boolean): Promise<EngineProcess> {
  try {
    return await startIn(fence, options);
  } catch (error) {
    if (fence === noFence || hasHeld) throw error;
    options.log.warn({ reason: reasonOf(error) }, "The engine's process does not start in its fence; it runs without one");
    return await startIn(noFence, options);
  }
}

async function startIn(fence: Fence, { file, folder, programPath }: EngineProcessOptions): Promise<EngineProcess> {
  const node = await startNode(fence, {
    name: "engine",
    folder,
    programPath,
    flags: FLAGS,
    program: PROGRAM,
    args: [fence.innerPath(file, join("project", relative(projectPath(), file)))],
    reads: ["dist", "node_modules"],
    limits: { ...LIMITS, memory: MEMORY },
  });
  const { process: child } = node;
  const workers = new Map<number, { onAnswer(answer: WorkerAnswer): void; onEnd(how: string | Error): void }>();
  let ended: HungUp | undefined;
  let wasStopped = false;
  let count = 0;
  const say = (message: ToProcess) => {
    // If the channel is closed, the end is reported.
    if (child.connected) child.send(message, () => undefined);
  };

  const end = (how: string) => {
    ended ??= new HungUp(node.describeEnd(how));
    for (const worker of workers.values()) worker.onEnd(ended);
    workers.clear();
  };
  const closed = new Promise<void>((resolve) => {
    child.once("error", (error) => resolve(end(error.message)));
    child.once("close", (code, signal) => resolve(end(signal ?? `exit code ${code}`)));
  });
  const abandon = () => {
    node.kill();
    end("it said what no engine says");
  };
  const ready = new Promise<void>((resolve) => {
    child.on("message", (said: unknown) => {
      const { data: message } = FromProcess.safeParse(said);
      if (message === undefined) return abandon();
      if (message.kind === "ready") return resolve();
      const worker = workers.get(message.worker);
      if (message.kind === "answer") return worker?.onAnswer(message.answer);
      workers.delete(message.worker);
      worker?.onEnd(message.how);
    });
  });

  async function stop(): Promise<void> {
    wasStopped ||= ended === undefined;
    await node.end();
  }

  function startWorker(): EngineWorker {
    const id = ++count;
    let hasEnded: () => void = () => undefined;
    const over = new Promise<void>((resolve) => (hasEnded = resolve));
    return createWorker((onAnswer, onEnd) => {
      const finish = (how: string | Error) => {
        onEnd(how);
        hasEnded();
      };
      if (ended === undefined) workers.set(id, { onAnswer, onEnd: finish });
      else finish(ended);
      say({ kind: "start", worker: id });
      return {
        post: (request) => say({ kind: "ask", worker: id, request }),
        async end() {
          say({ kind: "end", worker: id });
          if ((await awaitEnd(WORKER_END_MS, over)) !== undefined) await stop();
        },
      };
    });
  }

  try {
    await within(NODE_START_MS, Promise.race([ready, closed]));
    if (ended !== undefined) throw ended;
  } catch (error) {
    await stop();
    throw new Unavailable(`its process does not start: ${reasonOf(error)}`, { cause: error });
  }
  return {
    fence,
    occupancy: createOccupancy("its process"),
    startWorker,
    show: (path) => node.show(path),
    hasEnded: () => ended !== undefined,
    wasStopped: () => wasStopped,
    stop,
  };
}
