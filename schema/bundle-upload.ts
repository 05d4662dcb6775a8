/** How a bundle is sent to a gateway: its files by PUT, then what it holds by POST, to the URL that `createBundle` gave out. */

import { z } from "zod";
import { BUNDLE_LIMITS, BundleKind, BundleManifest } from "./bundle.js";

/** Where bundles are sent to, before the token. */
export const BUNDLES_PATH = "/bundles";

const base64 = z.base64();

/**
 * The body of the POST that publishes a bundle: its manifest without what the mesh adds. Only its shape is checked here; its content is
 * checked as part of the manifest.
 */
export const BundleContent = z.object({
  kind: z.enum(BundleKind).default("FILES"),
  version: BundleManifest.shape.version.default(null),
  date: BundleManifest.shape.date.default(null),
  files: z.array(z.object({ path: z.string(), size: z.number(), sha256: z.string() })).default([]),
  image: BundleManifest.shape.image.default(null),
  positive: z.string().nullable().default(null),
  /** Whether it may be older than the newest bundle of the set. */
  force: z.boolean().default(false),
  /** Of another mesh's bundle: the bytes of its manifest and their signature. Everything else follows from them. */
  signed: z.object({ manifest: base64.max(2 * BUNDLE_LIMITS.manifest), signature: base64.max(200) }).optional(),
});
/** What {@link BundleContent} parses. */
export type BundleContent = z.infer<typeof BundleContent>;

/** The answer to a GET: which files need not be sent, and how many bytes there is room for. */
export const BundleUploadState = z.object({
  engine: z.string(),
  set: z.string(),
  files: z.array(z.string()),
  room: z.number(),
});
/** What {@link BundleUploadState} parses. */
export type BundleUploadState = z.infer<typeof BundleUploadState>;

/** The answer to the POST. */
export const PublishedBundle = z.object({
  id: z.string(),
  digest: z.string(),
  sequence: z.number(),
  /** Whether the mesh's newest bundle of the set is already the same. */
  known: z.boolean(),
});
/** What {@link PublishedBundle} parses. */
export type PublishedBundle = z.infer<typeof PublishedBundle>;
