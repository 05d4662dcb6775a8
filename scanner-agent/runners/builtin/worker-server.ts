/** What a built-in engine's worker and its runner say to each other, and the worker's side of it. */

import { parentPort } from "node:worker_threads";
import type { EngineVersions } from "../../../schema/messages.js";
import { reasonOf, type Sample } from "../../contract.js";

/** To the worker: prepare once, then scan one sample at a time. */
export type WorkerRequest =
  | { readonly kind: "prepare"; readonly data: unknown }
  | { readonly kind: "scan"; readonly sample: Sample };

/** What a worker that can scan says of itself. Problems are for the operator and do not keep it from scanning. */
export interface WorkerReport {
  readonly versions: EngineVersions;
  readonly problems: readonly string[];
  /** Tells what it has loaded, such as rules, from anything else; undefined: it loads nothing. */
  readonly fingerprint?: string;
  /** What further workers are prepared with, so that all are alike; undefined: the same data as this one. */
  readonly dataForOthers?: unknown;
}

/** From the worker; `output` is the engine's JSON. */
export type WorkerAnswer =
  | ({ readonly kind: "prepared" } & WorkerReport)
  | { readonly kind: "output"; readonly output: string }
  | { readonly kind: "failed"; readonly reason: string };

/** To the process of an engine: about one of its workers. */
export type ToProcess =
  | { readonly kind: "start" | "end"; readonly worker: number }
  | { readonly kind: "ask"; readonly worker: number; readonly request: WorkerRequest };

/** From the process of an engine. */
export type FromProcess =
  | { readonly kind: "ready" }
  | { readonly kind: "answer"; readonly worker: number; readonly answer: WorkerAnswer }
  | { readonly kind: "ended"; readonly worker: number; readonly how: string };

/** A built-in engine inside its worker. */
export interface WorkerEngine extends WorkerReport {
  /** The answer is sent as JSON. */
  scan(sample: Sample): unknown;
}

/** Serves the runner from inside a worker thread. */
export function serveWorker(prepare: (data: unknown) => Promise<WorkerEngine>): void {
  let engine: WorkerEngine | undefined;
  const answer = (message: WorkerAnswer) => parentPort?.postMessage(message);

  async function onRequest(request: WorkerRequest): Promise<void> {
    try {
      if (request.kind === "prepare") {
        engine = await prepare(request.data);
        const { scan: _, ...report } = engine;
        answer({ kind: "prepared", ...report });
      } else if (engine === undefined) {
        answer({ kind: "failed", reason: "it was not prepared" });
      } else {
        answer({ kind: "output", output: JSON.stringify(await engine.scan(request.sample), replaceBigInt) });
      }
    } catch (error) {
      answer({ kind: "failed", reason: reasonOf(error) });
    }
  }

  parentPort?.on("message", (request: WorkerRequest) => void onRequest(request));
}

/** The metadata of rules may hold integers that JSON cannot. */
function replaceBigInt(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value;
}
