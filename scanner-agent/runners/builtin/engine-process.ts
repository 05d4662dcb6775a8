import { join } from "node:path";
import { awaitEnd } from "../../within.js";
import { createOccupancy, HungUp, type Occupancy } from "../conversation.js";
import { LIMITS } from "../process/fence.js";
import type { ShownFile } from "../process/node-process.js";
import { startNode, type NodeHost } from "../process/start-node.js";
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
/** What Yara's rules find is the largest. */
const MAX_MESSAGE = 256 * 1024 ** 2;

/** A process with workers of one engine, which scan one sample each at a time. */
export interface EngineProcess {
  /** How it is isolated from the rest of the host. */
  readonly isolation: string;
  /** The samples that it scans now. */
  readonly occupancy: Occupancy;
  startWorker(): EngineWorker;
  /** Shows it a sample. Throws {@link HungUp} if it has ended. */
  show(path: string): ShownFile;
  hasEnded(): boolean;
  /** Whether it was this that ended it. */
  wasStopped(): boolean;
  stop(): Promise<void>;
}

/** What is started. */
export interface EngineProgram {
  /** The worker's compiled file. */
  readonly file: string;
  readonly folder: string;
  readonly programPath: string;
  /** Bytes of memory that all of its workers may address together; default: as much as many workers need. */
  readonly memory?: number;
}

/** Starts the process. Throws {@link Unavailable}. */
export async function startEngineProcess(host: NodeHost, program: EngineProgram): Promise<EngineProcess> {
  const { file, folder, programPath, memory = MEMORY } = program;
  const node = await startNode(host, {
    name: "engine",
    folder,
    programPath,
    flags: FLAGS,
    program: PROGRAM,
    files: [file],
    reads: ["dist", "node_modules"],
    limits: { ...LIMITS, memory },
    maxMessage: MAX_MESSAGE,
  });
  const workers = new Map<number, { onAnswer(answer: WorkerAnswer): void; onEnd(how: string | Error): void }>();
  let ended: HungUp | undefined;
  let wasStopped = false;
  let count = 0;
  const say = (message: ToProcess, attached?: Uint8Array) => node.send(message, attached);

  const end = (how: string) => {
    ended ??= new HungUp(how);
    for (const worker of workers.values()) worker.onEnd(ended);
    workers.clear();
  };
  void node.ended.then(end);
  node.onMessage((said) => {
    const { data: message } = FromProcess.safeParse(said);
    if (message === undefined || message.kind === "ready") {
      node.kill();
      return end(node.describeEnd("it said what no engine says"));
    }
    const worker = workers.get(message.worker);
    if (message.kind === "answer") return worker?.onAnswer(message.answer);
    workers.delete(message.worker);
    worker?.onEnd(message.how);
  });

  async function stop(): Promise<void> {
    wasStopped ||= ended === undefined;
    await node.stop();
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
        post(request) {
          if (request.kind !== "scan") return say({ kind: "ask", worker: id, request });
          const { bytes, ...sample } = request.sample;
          say({ kind: "ask", worker: id, request: { kind: "scan", sample } }, bytes);
        },
        async end() {
          say({ kind: "end", worker: id });
          if ((await awaitEnd(WORKER_END_MS, over)) !== undefined) await stop();
        },
      };
    });
  }

  return {
    isolation: node.isolation,
    occupancy: createOccupancy("its process"),
    startWorker,
    show(path) {
      // Its folder is gone.
      if (ended !== undefined) throw ended;
      return node.show(path);
    },
    hasEnded: () => ended !== undefined,
    wasStopped: () => wasStopped,
    stop,
  };
}
