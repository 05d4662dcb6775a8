import { z } from "zod";
import { done, type Outcome, type RawOutput } from "../contract.js";
import { readJson } from "./json.js";

const Output = z.strictObject({
  magic: z.strictObject({ mime: z.string(), description: z.string() }),
  ssdeep: z.string(),
  trid: z.array(z.string()),
  exiftool: z.record(z.string(), z.string()),
  /** What is left out above, and why. */
  missing: z.array(z.string()),
  md5: z.string(),
  sha1: z.string(),
  sha256: z.string(),
  /** Bits per byte, 0 to 8. */
  entropy: z.number(),
  /** Bytes. */
  size: z.number(),
});

/** Reads what FileInfo found out of a file. It states no verdict. */
export function parseFileInfo(raw: RawOutput): Outcome {
  const read = readJson(raw, Output);
  return "failure" in read ? read.failure : done(null, null, read.value);
}
