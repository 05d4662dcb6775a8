import { BUNDLE_LIMITS } from "../../schema/bundle.js";
import type { BundleUploadState } from "../../schema/bundle-upload.js";
import { internetClass } from "../../schema/classes.js";
import { hashPattern } from "../../schema/hashes.js";
import { sizeText } from "../../schema/settings.js";
import type { SentFile } from "../bus/bundle-store.js";
import { findFileSize } from "../db/bundles.js";
import { badInput, GatewayError } from "../errors.js";
import type { ScanContext } from "../scan/context.js";
import { removePart } from "./retain.js";
import { readUpload } from "./uploads.js";

type Mesh = Pick<ScanContext, "db" | "bundles" | "log">;

/** What there is of a bundle that is being sent: every file of its class counts. */
export async function readUploadState({ db, bundles }: Mesh, token: string): Promise<BundleUploadState> {
  const { engine, set, internet } = await readUpload(db, token);
  const { files, room } = await bundles.content(internetClass(internet));
  return { engine, set, files: [...files.keys()], room };
}

/**
 * Takes a file of a bundle, and returns its size. What does not fit is refused before it is read. Throws NOT_FOUND, UPLOAD_EXPIRED, and
 * whatever `BundleStore.put` throws; what came of it is removed then.
 */
export async function receiveFile(
  { db, bundles, log }: Mesh,
  token: string,
  file: SentFile,
): Promise<{ sha256: string; size: number }> {
  const { internet } = await readUpload(db, token);
  const { sha256, announced } = file;
  if (!hashPattern("sha256").test(sha256))
    throw badInput("sha256", "the path ends with the sha256 of the file in 64 lower-case digits");
  if (announced !== undefined && announced > BUNDLE_LIMITS.fileSize)
    throw new GatewayError("TOO_LARGE", `a file of a bundle may have ${sizeText(BUNDLE_LIMITS.fileSize)}`);
  const known = await findFileSize(db, sha256);
  if (known === null) throw badInput("sha256", "is that of a manifest, which the mesh makes by itself");
  // What another bundle has is not touched by what cannot be it.
  if (known !== undefined && announced !== undefined && announced !== known)
    throw badInput("sha256", `the file with this sha256 has ${known} bytes, and not ${announced}`);
  const length = known ?? announced;
  const { files, room } = await bundles.content(internetClass(internet));
  if (!files.has(sha256) && length !== undefined && length > room)
    throw new GatewayError(
      "STORAGE_FULL",
      `this file has ${sizeText(length)}, and there is room for ${sizeText(room)}: remove bundles, or raise SCANMESH_BUNDLES_MAX`,
    );
  try {
    const size = await bundles.put(internetClass(internet), { ...file, announced: length }, BUNDLE_LIMITS.fileSize);
    return { sha256, size };
  } catch (error) {
    await removePart({ db, bundles }, internetClass(internet), sha256).catch((reason: unknown) =>
      log.warn({ err: reason, sha256 }, "cannot remove what there is of a bundle's file now; the sweep will"),
    );
    throw error;
  }
}
