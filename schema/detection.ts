/** What an engine found. */

import { z } from "zod";
import { told } from "./message-fields.js";

/** Most detections that are told one by one. */
export const MAX_DETECTIONS = 100;

/** One of several things that an engine found. */
export const Detection = z.object({ signature: told(200), verdict: z.enum(["SUSPICIOUS", "INFECTED"]) });
/** What {@link Detection} parses. */
export type Detection = z.infer<typeof Detection>;
