import { Worker } from "node:worker_threads";
import { Failed, Unavailable, type Sample } from "../../contract.js";
import type { WorkerAnswer, WorkerRequest, WorkerReport } from "./worker-server.js";

const MAX_HEAP_MB = 512;

/** One worker of a built-in engine; it scans one sample at a time. */
export interface EngineWorker {
  /** Throws {@link Unavailable} if the engine cannot be prepared. */
  prepare(data: unknown): Promise<WorkerReport>;
  /** The engine's JSON. Throws {@link Failed} if the engine or its worker fails. */
  scan(sample: Sample): Promise<string>;
  /** Whether its thread has ended. */
  hasEnded(): boolean;
  end(): Promise<void>;
}

/** The way to a worker's thread. */
interface Channel {
  post(request: WorkerRequest): void;
  end(): Promise<void>;
}

/** Starts a worker thread of the agent: for what reads no sample. */
export function startThread(file: string): EngineWorker {
  return createWorker((onAnswer, onEnd) => {
    const resourceLimits = { maxOldGenerationSizeMb: MAX_HEAP_MB };
    const worker = new Worker(file, { env: {}, resourceLimits, stdout: true, stderr: true });
    // What rules print by YARA-X's console module does not belong in the agent's log.
    worker.stdout.resume();
    worker.stderr.resume();
    worker.on("message", onAnswer);
    worker.on("error", (error: Error) => onEnd(error.message));
    worker.on("exit", (code) => onEnd(`exit code ${code}`));
    return { post: (request) => worker.postMessage(request), end: async () => void (await worker.terminate()) };
  });
}

/** Makes a worker of the way to it. */
export function createWorker(
  open: (onAnswer: (answer: WorkerAnswer) => void, onEnd: (how: string | Error) => void) => Channel,
): EngineWorker {
  let pending: PromiseWithResolvers<WorkerAnswer> | undefined;
  let ended: Error | undefined;
  const channel = open(
    (answer) => {
      pending?.resolve(answer);
      pending = undefined;
    },
    (how) => {
      ended ??= typeof how === "string" ? new Failed(`its worker ended (${how})`) : how;
      pending?.reject(ended);
      pending = undefined;
    },
  );

  function ask(request: WorkerRequest): Promise<WorkerAnswer> {
    if (ended !== undefined) return Promise.reject(ended);
    pending = withResolvers();
    channel.post(request);
    return pending.promise;
  }

  return {
    async prepare(data) {
      const answer = await ask({ kind: "prepare", data });
      if (answer.kind === "prepared") return answer;
      throw new Unavailable(answer.kind === "failed" ? answer.reason : "its worker gave an unexpected answer");
    },
    async scan(sample) {
      const answer = await ask({ kind: "scan", sample });
      if (answer.kind === "output") return answer.output;
      throw new Failed(answer.kind === "failed" ? answer.reason : "its worker gave an unexpected answer");
    },
    hasEnded: () => ended !== undefined,
    end: () => channel.end(),
  };
}

interface PromiseWithResolvers<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (reason: unknown) => void;
}

function withResolvers<T>(): PromiseWithResolvers<T> {
  let resolve!: (value: T) => void;
  let reject!: (reason: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
