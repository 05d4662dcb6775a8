import { z } from "zod";
import { told, toldInstant } from "./message-fields.js";

/** What can be said of an engine's versions; null where an engine does not tell. */
export const EngineVersions = z.object({
  /** The program's version. */
  engine: told(200).nullable(),
  /** The signature database's version. */
  signatures: told(200).nullable(),
  /** The signature database's date, ISO 8601. */
  signatureDate: toldInstant,
});
/** What {@link EngineVersions} parses. */
export type EngineVersions = z.infer<typeof EngineVersions>;
