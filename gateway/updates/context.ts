import type { ScanContext } from "../scan/context.js";

/** The parts of a gateway that updates use. */
export type UpdateContext = Pick<ScanContext, "db" | "bus" | "fleet" | "log"> & {
  readonly config: Pick<ScanContext["config"], "canaryWaitMs">;
};

/** The parts that the verbs use. The command line runs without a fleet. */
export type UpdateMesh = Pick<ScanContext, "db"> & Partial<Pick<ScanContext, "fleet">>;
