/**
 * The process of a built-in engine: runs its workers, a thread each, and passes on what they and the runner say to each other.
 */

import { tmpdir } from "node:os";
import { Worker } from "node:worker_threads";
import { connectToAgent } from "../../processes/process-channel.js";
import type { FromProcess, ToProcess, WorkerRequest } from "./worker-server.js";

/** Of one worker. */
const MAX_HEAP_MB = 512;

const [file = ""] = process.argv.slice(2);
const workers = new Map<number, Worker>();

function start(id: number): void {
  const resourceLimits = { maxOldGenerationSizeMb: MAX_HEAP_MB };
  const env = { TMPDIR: tmpdir() };
  const worker = new Worker(file, { env, resourceLimits, stdout: true, stderr: true });
  workers.set(id, worker);
  // What rules print by YARA-X's console module is discarded.
  worker.stdout.resume();
  worker.stderr.resume();
  const end = (how: string) => {
    if (workers.delete(id)) say({ kind: "ended", worker: id, how });
  };
  worker.on("message", (answer) => say({ kind: "answer", worker: id, answer }));
  worker.on("error", (error: Error) => end(error.message));
  worker.on("exit", (code) => end(`exit code ${code}`));
}

function ask(id: number, request: WorkerRequest, attached: Buffer | undefined): void {
  const worker = workers.get(id);
  if (request.kind === "prepare" || attached === undefined) return worker?.postMessage(request);
  const { buffer } = attached as Buffer<ArrayBuffer>;
  worker?.postMessage({ ...request, sample: { ...request.sample, bytes: attached } }, [buffer]);
}

const say = connectToAgent<ToProcess, FromProcess>((message, attached) => {
  if (message.kind === "start") start(message.worker);
  else if (message.kind === "ask") ask(message.worker, message.request, attached);
  else void workers.get(message.worker)?.terminate();
});
say({ kind: "ready" });
