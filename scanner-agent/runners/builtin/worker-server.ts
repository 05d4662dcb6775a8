import { parentPort } from "node:worker_threads";
import { reasonOf, type Sample } from "../../contract.js";
import type { WorkerAnswer, WorkerRequest, WorkerReport } from "./lane-messages.js";

/** A built-in engine, made ready in its worker. `scan` answers what is to be sent as JSON. */
export interface WorkerEngine extends WorkerReport {
  scan(sample: Sample): unknown;
}

/** Serves a lane from inside its worker thread or process. */
export function serveWorker(prepare: (data: unknown) => Promise<WorkerEngine>): void {
  let engine: WorkerEngine | undefined;
  const port = parentPort;
  const answer = (message: WorkerAnswer) => (port === null ? process.send?.(message) : port.postMessage(message));

  async function onRequest(request: WorkerRequest): Promise<void> {
    try {
      if (request.kind === "prepare") {
        engine = await prepare(request.data);
        const { versions, problems, dataForOthers } = engine;
        answer({ kind: "prepared", versions, problems, dataForOthers });
      } else if (engine === undefined) {
        answer({ kind: "failed", reason: "it was not made ready" });
      } else {
        answer({ kind: "output", output: JSON.stringify(await engine.scan(request.sample), writable) });
      }
    } catch (error) {
      answer({ kind: "failed", reason: reasonOf(error) });
    }
  }

  if (port === null) process.on("message", (request: WorkerRequest) => void onRequest(request));
  else port.on("message", (request: WorkerRequest) => void onRequest(request));
}

/** JSON has no integers beyond doubles; rules' metadata may. */
function writable(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value;
}
