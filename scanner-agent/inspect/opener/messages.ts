import { z } from "zod";
import { Closed, CONTAINER_FORMATS, MAX_CLOSED } from "../../../schema/closed.js";
import type { InspectionLimits } from "../formats/inspection.js";
import type { Signature } from "../formats/search.js";

/** What the inspector's process is asked: to look into a file, or into the bytes that are attached. */
export interface OpenerRequest {
  readonly id: number;
  readonly path: string | null;
  readonly signatures: readonly Signature[];
  readonly limits: InspectionLimits;
}

const count = z.number().nonnegative();
const Inspection = z.object({
  closed: z.array(Closed).max(MAX_CLOSED).readonly(),
  packings: z
    .array(z.object({ path: z.string(), format: z.enum(CONTAINER_FORMATS), methods: z.array(z.string()).readonly() }))
    .max(MAX_CLOSED)
    .readonly(),
  depth: count,
  files: count,
  unpacked: count,
  isStopped: z.boolean(),
});

/** What it answers: a sample may have taken it over, so it may say anything. */
export const OpenerAnswer = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("ready"), sevenZip: z.string() }),
  z.object({ kind: z.literal("inspected"), id: z.number(), inspection: Inspection }),
  z.object({ kind: z.literal("failed"), id: z.number(), reason: z.string() }),
]);
/** What {@link OpenerAnswer} parses. */
export type OpenerAnswer = z.infer<typeof OpenerAnswer>;
