import { Worker } from "node:worker_threads";
import { Failed, Unavailable, type Sample } from "../../contract.js";
import { minimalEnvironment, spawnGuarded } from "../process/guard.js";
import type { WorkerAnswer, WorkerRequest, WorkerReport } from "./worker-server.js";

const MAX_HEAP_MB = 512;

/** One worker of a built-in engine; it scans one sample at a time. */
export interface EngineWorker {
  /** Throws {@link Unavailable} if the engine cannot be prepared. */
  prepare(data: unknown): Promise<WorkerReport>;
  /** The engine's JSON. Throws {@link Failed} if the engine or its worker fails. */
  scan(sample: Sample): Promise<string>;
  /** Whether its thread or process has ended. */
  hasEnded(): boolean;
  end(): Promise<void>;
}

/** A worker's thread or process. */
interface Channel {
  post(request: WorkerRequest): void;
  end(): Promise<void>;
}

/** Starts a worker thread. */
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

/** Starts a worker in a process of its own: even a crash of the runtime itself does not reach the agent. */
export function startProcess(file: string, cwd: string): EngineWorker {
  return createWorker((onAnswer, onEnd) => {
    const argv = [process.execPath, `--max-old-space-size=${MAX_HEAP_MB}`, file];
    const { process: child, kill } = spawnGuarded(argv, { cwd, env: minimalEnvironment("", cwd), ipc: true });
    child.stdout?.resume();
    child.stderr?.resume();
    child.on("message", onAnswer);
    child.on("error", (error) => onEnd(error.message));
    child.on("exit", (code, signal) => onEnd(signal ?? `exit code ${code}`));
    // If the channel is closed, the exit is reported.
    return { post: (request) => void child.send(request, () => undefined), end: () => Promise.resolve(kill()) };
  });
}

function createWorker(open: (onAnswer: (answer: WorkerAnswer) => void, onEnd: (how: string) => void) => Channel): EngineWorker {
  let pending: PromiseWithResolvers<WorkerAnswer> | undefined;
  let ended: Failed | undefined;
  const channel = open(
    (answer) => {
      pending?.resolve(answer);
      pending = undefined;
    },
    (how) => {
      ended ??= new Failed(`its worker ended (${how})`);
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
