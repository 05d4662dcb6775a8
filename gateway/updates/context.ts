import type { ScanContext } from "../scan/context.js";

/** What updates use of a gateway. */
export type UpdateContext = Pick<ScanContext, "db" | "bus" | "fleet" | "log"> & {
  readonly config: Pick<ScanContext["config"], "canaryWaitMs">;
};

/** What the verbs use: the command line has no fleet. */
export type UpdateMesh = Pick<ScanContext, "db"> & Partial<Pick<ScanContext, "fleet">>;
