/** Bundles as the mesh stores them, in chunks by the hash of each file. */

import { createHash } from "node:crypto";
import { bundleChunks, BUNDLE_CHUNK_BYTES, bundleDigest, BundleManifest, encodeManifest } from "../../../schema/bundle.js";
import type { BundleReader } from "../../../scanner-agent/bundles/bundle-reader.js";

/** What a bundle of a test holds. */
export interface Content {
  readonly engine: string;
  readonly set?: string;
  readonly sequence?: number;
  readonly date?: string;
  readonly files: Readonly<Record<string, string | Buffer>>;
  readonly image?: BundleManifest["image"];
  readonly positive?: string;
}

/** A mesh's bundles, in memory. */
export interface StoredBundles extends BundleReader {
  /** Chunks by their hash and number. */
  readonly chunks: Map<string, Uint8Array>;
  /** The chunks that were read, in order. */
  readonly reads: string[];
  /** Stores a bundle; its set and digest. */
  add(content: Content): { set: string; digest: string };
}

export function storedBundles(): StoredBundles {
  const chunks = new Map<string, Uint8Array>();
  const reads: string[] = [];
  return {
    chunks,
    reads,
    read(sha256, n) {
      reads.push(`${sha256}.${n}`);
      return Promise.resolve(chunks.get(`${sha256}.${n}`));
    },
    add({ engine, set = "main", sequence = 1, date = "2026-01-02T03:04:05.000Z", files, image = null, positive = null }) {
      const listed = Object.entries(files).map(([path, content]) => {
        const bytes = Buffer.from(content);
        const sha256 = createHash("sha256").update(bytes).digest("hex");
        for (let n = 0; n < bundleChunks(bytes.length); n++)
          chunks.set(`${sha256}.${n}`, bytes.subarray(n * BUNDLE_CHUNK_BYTES, (n + 1) * BUNDLE_CHUNK_BYTES));
        return { path, size: bytes.length, sha256 };
      });
      const kind = image === null ? "FILES" : "IMAGE";
      const bytes = encodeManifest(
        BundleManifest.parse({
          v: 1,
          engine,
          set,
          sequence,
          kind,
          version: String(sequence),
          date,
          files: listed,
          image,
          positive,
        }),
      );
      const digest = bundleDigest(bytes);
      chunks.set(`${digest}.0`, bytes);
      return { set, digest };
    },
  };
}
