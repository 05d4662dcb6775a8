/** Where a fetcher gets an engine's bundles from, as its manifest says. */

import { z } from "zod";
import { BUNDLE_LIMITS, setName } from "./bundle.js";
import { durationBetween, webAddress } from "./settings.js";

/** Between two looks at the source, in milliseconds once read; where the mesh sets no other. */
const every = durationBetween("10m", "720h").optional();

/** Where the bundles of one set come from. */
export const UpdateSource = z.discriminatedUnion(
  "source",
  [
    z.strictObject({
      /** ClamAV's own updater: official signatures, or those of `SCANMESH_CLAMAV_MIRROR`. */
      source: z.literal("freshclam"),
      every,
      /** Which databases; default: those that freshclam fetches by itself. */
      databases: z
        .array(z.string().regex(/^[a-z0-9]{1,32}$/, "needs a name such as daily"))
        .min(1)
        .optional(),
    }),
    z.strictObject({
      /** Files that a web server has. */
      source: z.literal("http"),
      every,
      urls: z.array(webAddress).min(1).max(200),
    }),
    z.strictObject({
      /** A folder of the fetcher's host, with its subfolders. */
      source: z.literal("folder"),
      every,
      /** `{clamav-db}` and `{yara-rules}` stand for the agent's settings. */
      folder: z.string().regex(/^(\/|\{clamav-db\}$|\{yara-rules\}$)/, "needs an absolute path, {clamav-db} or {yara-rules}"),
    }),
    z.strictObject({
      /** The image of `run.container`, as its registry has it. */
      source: z.literal("image"),
      every,
      /** Whether the image itself is uploaded, for hosts that reach no registry; an image that no registry has always is. */
      save: z.boolean().default(false),
    }),
  ],
  { error: "needs source: freshclam, http, folder or image" },
);
/** What {@link UpdateSource} parses. */
export type UpdateSource = z.infer<typeof UpdateSource>;

/** The sources of an engine, by set. */
export const UpdateSources = z
  .record(setName, UpdateSource)
  .refine((sets) => Object.keys(sets).length <= BUNDLE_LIMITS.sets, `needs at most ${BUNDLE_LIMITS.sets} sets`);
/** What {@link UpdateSources} parses. */
export type UpdateSources = z.infer<typeof UpdateSources>;
