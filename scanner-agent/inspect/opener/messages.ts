import type { Inspection, InspectionLimits } from "../formats/inspection.js";
import type { Signature } from "../formats/search.js";

/** What the inspector's process is asked: to look into a file. */
export interface OpenerRequest {
  readonly id: number;
  readonly path: string;
  readonly signatures: readonly Signature[];
  readonly limits: InspectionLimits;
}

/** What it answers. */
export type OpenerAnswer =
  | { readonly kind: "ready"; readonly sevenZip: string }
  | { readonly kind: "inspected"; readonly id: number; readonly inspection: Inspection }
  | { readonly kind: "failed"; readonly id: number; readonly reason: string };
