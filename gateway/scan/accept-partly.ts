import { BatchRefused } from "../errors.js";
import { accept } from "./accept.js";
import type { Acceptance, AcceptRequest, RequestedScan } from "./accept-request.js";
import type { ScanContext } from "./context.js";

/** How many samples of a request are looked up concurrently. */
export const LOOKUPS = 8;

/** A sample that cannot be scanned, and why. */
export type Refusal = BatchRefused["refusals"][number];

/** A sample with its index in the request. */
export interface Placed extends RequestedScan {
  readonly index: number;
}

export interface PartlyAccepted {
  /** Undefined if nothing was accepted. */
  readonly acceptance: Acceptance | undefined;
  /** In the order of the request. */
  readonly refused: readonly Refusal[];
}

/** Accepts those scans that can be accepted and reports the others. Throws errors that apply to all of them. */
export async function acceptPartly(
  ctx: ScanContext,
  request: Omit<AcceptRequest, "kind" | "samples">,
  asked: { readonly samples: readonly Placed[]; readonly refused: readonly Refusal[] },
): Promise<PartlyAccepted> {
  let { samples } = asked;
  let refused = [...asked.refused];
  while (samples.length > 0) {
    try {
      return { acceptance: await accept(ctx, { ...request, kind: "batch", samples }), refused };
    } catch (error) {
      if (!(error instanceof BatchRefused)) throw error;
      const reasons = new Map(error.refusals.map((refusal) => [samples[refusal.index]?.index, refusal.error]));
      const more = samples.flatMap(({ index }) => ({ index, error: reasons.get(index) }));
      refused = [...refused, ...more.flatMap(({ index, error: reason }) => (reason ? { index, error: reason } : []))];
      refused.sort((a, b) => a.index - b.index);
      samples = samples.filter(({ index }) => !reasons.has(index));
    }
  }
  return { acceptance: undefined, refused };
}
