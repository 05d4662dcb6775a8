import type { EngineVersions } from "../../../schema/messages.js";
import type { Sample } from "../../contract.js";

/** What a built-in engine's worker is told: prepare once, then scan one sample at a time. */
export type WorkerRequest =
  | { readonly kind: "prepare"; readonly data: unknown }
  | { readonly kind: "scan"; readonly sample: Sample };

/** It can scan; `problems` are for the operator and do not keep it from scanning. */
export interface WorkerReport {
  readonly versions: EngineVersions;
  readonly problems: readonly string[];
  /** What further workers are to be prepared with, so that all are alike; without it the same as this one was. */
  readonly dataForOthers?: unknown;
}

/** What a worker answers; `output` is the engine's JSON. */
export type WorkerAnswer =
  | ({ readonly kind: "prepared" } & WorkerReport)
  | { readonly kind: "output"; readonly output: string }
  | { readonly kind: "failed"; readonly reason: string };
