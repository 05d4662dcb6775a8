/**
 * A bundle: one version of what an engine needs, as signature files, rules or a container image. It never changes, and is named by its
 * digest. A *set* is a line of bundles of one engine with an order of its own: {@link MAIN_SET} holds the engine's own signatures,
 * others hold those of third parties, or rules. An engine on a host serves one bundle of each set at a time.
 */

import { createHash } from "node:crypto";
import { z } from "zod";
import { hashText } from "./hashes.js";
import { engineName, instant } from "./message-fields.js";

/** The set of an engine's own signatures. */
export const MAIN_SET = "main";

/** Bounds of a bundle. */
export const BUNDLE_LIMITS = {
  files: 5_000,
  /** Bytes of a path. */
  path: 255,
  /** Bytes of a file. */
  fileSize: 4 * 1024 ** 3,
  /** Bytes of a manifest. */
  manifest: 900 * 1024,
  /** Sets of an engine. */
  sets: 32,
} as const;

/** Bytes of a chunk of a bundle's file in BUNDLES; the last may be smaller. */
export const BUNDLE_CHUNK_BYTES = 960 * 1024;

/** A set's name. */
export const setName = z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/, "needs 1 to 32 lower-case letters, digits or '-'");

/** A relative path: its parts begin with no dot, so that none is hidden, and none leads out of the folder. */
export const bundlePath = z
  .string()
  .max(BUNDLE_LIMITS.path)
  .regex(/^[\w+@=,][\w+@=,. -]*(\/[\w+@=,][\w+@=,. -]*)*$/, "needs a relative path of plain names");

/** A file of a bundle. */
export const BundleFile = z.object({
  path: bundlePath,
  /** Bytes. */
  size: z.number().int().nonnegative().max(BUNDLE_LIMITS.fileSize),
  sha256: hashText("sha256"),
});
/** What {@link BundleFile} parses. */
export type BundleFile = z.infer<typeof BundleFile>;

/** What a bundle holds. */
export const BundleKind = {
  /** A folder of signatures or rules. */
  FILES: "FILES",
  /** A container image. */
  IMAGE: "IMAGE",
} as const;
/** One of the names of {@link BundleKind}. */
export type BundleKind = keyof typeof BundleKind;

const imageHash = z.string().regex(/^sha256:[0-9a-f]{64}$/);

/** The complete description of a bundle. */
export const BundleManifest = z
  .object({
    v: z.literal(1),
    engine: engineName,
    set: setName,
    /** The mesh's own order within the set, from 1. */
    sequence: z.number().int().positive(),
    kind: z.enum(BundleKind),
    /** The version as its maker calls it, e.g. `27500`; null if unknown. */
    version: z.string().min(1).max(200).nullable(),
    /** When the content was made; null if that is unknown. */
    date: instant.nullable(),
    /** Its files. An image has its saved file alone, or none if a registry has it. */
    files: z.array(BundleFile).max(BUNDLE_LIMITS.files),
    /** Only of an image. */
    image: z
      .object({
        /** By which Docker pulls it. */
        reference: z.string().min(1).max(255),
        /** Of its configuration, `sha256:…`. */
        id: imageHash,
        /** By which a registry knows it; null if none does. */
        digest: imageHash.nullable(),
      })
      .nullable(),
    /** The path of a file among them that the engine must find something in, besides EICAR; null: none. */
    positive: bundlePath.nullable(),
  })
  .refine(({ kind, image }) => (kind === "IMAGE") === (image !== null), { path: ["image"], error: "belongs to an image alone" })
  .refine(({ kind, files }) => kind === "IMAGE" || files.length > 0, { path: ["files"], error: "needs at least one file" })
  .refine(({ files }) => new Set(files.map(({ path }) => path.toLowerCase())).size === files.length, {
    path: ["files"],
    error: "names a file twice",
  })
  .refine(({ files, positive }) => positive === null || files.some(({ path }) => path === positive), {
    path: ["positive"],
    error: "is not among the files",
  });
/** What {@link BundleManifest} parses. */
export type BundleManifest = z.infer<typeof BundleManifest>;

/** A manifest's bytes: the same for the same bundle, whoever writes them. */
export function encodeManifest(manifest: BundleManifest): Buffer {
  const { v, engine, set, sequence, kind, version, date, files, image, positive } = manifest;
  const sorted = files
    .map(({ path, size, sha256 }) => ({ path, size, sha256 }))
    .toSorted((one, other) => (one.path < other.path ? -1 : 1));
  const named = image && { reference: image.reference, id: image.id, digest: image.digest };
  return Buffer.from(JSON.stringify({ v, engine, set, sequence, kind, version, date, files: sorted, image: named, positive }));
}

/** The name of a bundle: the sha256 of its manifest's bytes. */
export function bundleDigest(manifest: Uint8Array): string {
  return createHash("sha256").update(manifest).digest("hex");
}

/** In how many chunks a file lies in BUNDLES: an empty one has one too. */
export function bundleChunks(size: number): number {
  return Math.max(1, Math.ceil(size / BUNDLE_CHUNK_BYTES));
}

/** One bundle of each set: what an engine is to serve, or serves. None: what its host gives it. */
export const ServedBundles = z.array(z.object({ set: setName, digest: hashText("sha256") })).max(BUNDLE_LIMITS.sets);
/** What {@link ServedBundles} parses. */
export type ServedBundles = z.infer<typeof ServedBundles>;
