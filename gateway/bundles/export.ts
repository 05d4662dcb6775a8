/** A bundle as one file, for a mesh that trusts this one's key: a tar with the signature, the manifest, and each file once. */

import { once } from "node:events";
import { pack, type Pack } from "tar-stream";
import { encodeManifest, bundleDigest, BundleManifest } from "../../schema/bundle.js";
import { EXPORT_PATHS, exportSize, type BundleSignature } from "../../schema/bundle-export.js";
import { internetClass } from "../../schema/classes.js";
import { parseMessage } from "../../schema/messages.js";
import type { Caller } from "../caller.js";
import { audit } from "../db/audit.js";
import { findBundle, type BundleRecord } from "../db/bundles.js";
import { GatewayError } from "../errors.js";
import { BytesMissing } from "../bus/sample-store.js";
import type { ScanContext } from "../scan/context.js";
import { requireKey } from "./publish.js";

/** A bundle that is being exported. */
export interface BundleExport {
  /** What to call the file. */
  readonly name: string;
  readonly size: number;
  readonly stream: Pack;
}

type Entry = readonly [path: string, size: number, bytes: () => AsyncIterable<Uint8Array>];

/** Throws NOT_FOUND, and BAD_INPUT for a bundle whose files are gone. Where the files cannot be read whole, the stream ends in the middle. */
export async function exportBundle(ctx: ScanContext, caller: Caller, digest: string): Promise<BundleExport> {
  const bundle = await findBundle(ctx.db, { digest });
  if (!bundle) throw new GatewayError("NOT_FOUND", `there is no bundle ${digest}`);
  if (bundle.removedAt !== null) throw new GatewayError("BAD_INPUT", "the files of this bundle are gone");
  const key = requireKey(ctx);
  const manifest = await readManifest(ctx, bundle);
  const bytes = encodeManifest(manifest);
  const signed: BundleSignature = {
    v: 1,
    digest,
    publicKey: key.publicKey.toString("base64"),
    signature: key.sign(digest).toString("base64"),
  };
  const signature = Buffer.from(JSON.stringify(signed));
  const internet = internetClass(bundle.internet);
  const files = [...new Map(manifest.files.map((file) => [file.sha256, file])).values()];
  const entries: Entry[] = [
    [EXPORT_PATHS.signature, signature.length, () => single(signature)],
    [EXPORT_PATHS.manifest, bytes.length, () => single(bytes)],
    ...files.map((file): Entry => [EXPORT_PATHS.file(file.sha256), file.size, () => ctx.bundles.read(internet, file)]),
  ];
  await audit(ctx.db, caller, "exportBundle", `${bundle.engine} ${bundle.set} ${bundle.sequence}`, { digest });
  const stream = pack();
  void fill(stream, entries).catch((error: unknown) => {
    ctx.log.warn({ err: error, digest }, "a bundle was not exported to its end");
    stream.destroy();
  });
  const name = `${bundle.engine}-${bundle.set}-${bundle.sequence}.bundle`;
  return { name, size: exportSize(entries.map(([, size]) => size)), stream };
}

async function readManifest({ bundles }: ScanContext, { digest, internet }: BundleRecord): Promise<BundleManifest> {
  const pieces: Uint8Array[] = [];
  try {
    for await (const piece of bundles.read(internetClass(internet), { sha256: digest, size: 0 })) pieces.push(piece);
  } catch (error) {
    if (error instanceof BytesMissing)
      throw new GatewayError("BAD_INPUT", "the files of this bundle are lost: publish it again", { cause: error });
    throw error;
  }
  const manifest = parseMessage(BundleManifest, Buffer.concat(pieces));
  if (bundleDigest(encodeManifest(manifest)) !== digest)
    throw new Error(`the manifest of the bundle ${digest} is not as it was written`);
  return manifest;
}

async function fill(stream: Pack, entries: readonly Entry[]): Promise<void> {
  for (const [name, size, bytes] of entries) {
    const entry = stream.entry({ name, size, mtime: new Date(0), mode: 0o644 });
    for await (const piece of bytes()) if (!entry.write(piece)) await once(entry, "drain");
    entry.end();
    await once(entry, "finish");
  }
  stream.finalize();
}

async function* single(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
