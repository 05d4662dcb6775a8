/** What a built-in engine's worker and its runner say to each other, and the worker's side of it. */

import { parentPort } from "node:worker_threads";
import { z } from "zod";
import { EngineVersions } from "../../../schema/engine-versions.js";
import { reasonOf, type Sample } from "../../contract.js";

/** To the worker: prepare once, then scan one sample at a time. */
export type WorkerRequest =
  | { readonly kind: "prepare"; readonly data: unknown }
  | { readonly kind: "scan"; readonly sample: Sample };

/** What a worker that can scan says of itself. */
const WorkerReport = z.object({
  versions: EngineVersions,
  /** For the operator; they do not keep it from scanning. */
  problems: z.array(z.string()).readonly(),
  /** Those of them that are of files which it was given and does not use, or not all of them; left out: none. */
  faults: z.array(z.string()).readonly().optional(),
  /** Tells what it has loaded, such as rules, from anything else; left out: it loads nothing. */
  fingerprint: z.string().optional(),
  /** What further workers are prepared with, so that all are alike; left out: the same data as this one. */
  dataForOthers: z.unknown().optional(),
});
/** What {@link WorkerReport} parses. */
export type WorkerReport = Readonly<z.infer<typeof WorkerReport>>;

/** From the worker; `output` is the engine's JSON. */
const WorkerAnswer = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("prepared"), ...WorkerReport.shape }),
  z.object({ kind: z.literal("output"), output: z.string() }),
  z.object({ kind: z.literal("failed"), reason: z.string() }),
]);
/** What {@link WorkerAnswer} parses. */
export type WorkerAnswer = z.infer<typeof WorkerAnswer>;

/** To the process of an engine: about one of its workers. */
export type ToProcess =
  | { readonly kind: "start" | "end"; readonly worker: number }
  | { readonly kind: "ask"; readonly worker: number; readonly request: WorkerRequest };

/** From the process of an engine: a sample may have taken it over, so it may say anything. */
export const FromProcess = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("ready") }),
  z.object({ kind: z.literal("answer"), worker: z.number(), answer: WorkerAnswer }),
  z.object({ kind: z.literal("ended"), worker: z.number(), how: z.string() }),
]);
/** What {@link FromProcess} parses. */
export type FromProcess = z.infer<typeof FromProcess>;

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
