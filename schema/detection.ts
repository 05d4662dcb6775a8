/** What an engine found. */

import { z } from "zod";
import { told } from "./message-fields.js";

/** Most detections that are told one by one. */
export const MAX_DETECTIONS = 100;

/** One of several things that an engine found. */
export const Detection = z.object({ signature: told(200), verdict: z.enum(["SUSPICIOUS", "INFECTED"]) });
/** What {@link Detection} parses. */
export type Detection = z.infer<typeof Detection>;

/** The longest that a result says of what was found. */
const MAX_SIGNATURE = 1024;
/** Stands for the names that a list has no room for. */
export const CUT = "…";

/** Several names as one signature, as many as there is room for; null without any. `isCut`: there are more than these. */
export function joinNames(names: readonly string[], isCut = false): string | null {
  if (names.length === 0) return null;
  const all = [...names, ...(isCut ? [CUT] : [])].join(", ");
  if (all.length <= MAX_SIGNATURE) return all;
  const cut = all.slice(0, MAX_SIGNATURE - `, ${CUT}`.length);
  const end = cut.lastIndexOf(", ");
  return `${end === -1 ? cut : cut.slice(0, end)}, ${CUT}`;
}
