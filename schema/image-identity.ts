import { z } from "zod";
import { told } from "./message-fields.js";

/** The container image that an engine ran in. */
export const ImageIdentity = z.object({
  /** The id of its configuration, `sha256:…`: every image has one. */
  id: told(100),
  /** The digest by which a registry knows it, `sha256:…`; null for an image that never came from one. */
  digest: told(100).nullable(),
});
/** What {@link ImageIdentity} parses. */
export type ImageIdentity = z.infer<typeof ImageIdentity>;
