import { BUNDLE_LIMITS } from "../../schema/bundle.js";
import type { BundleUploadState } from "../../schema/bundle-upload.js";
import { internetClass } from "../../schema/classes.js";
import { hashPattern } from "../../schema/hashes.js";
import { RULESET_LIMITS } from "../../schema/rule-job.js";
import { sizeText } from "../../schema/settings.js";
import type { SentFile } from "../bus/bundle-store.js";
import { findFileSize } from "../db/bundles.js";
import { findBundleUpload } from "../db/bundle-uploads.js";
import { holdFiles, readUploadUse } from "../db/coming-files.js";
import { badInput, GatewayError } from "../errors.js";
import type { ScanContext } from "../scan/context.js";
import { awaitRemovals, removePart } from "./retain.js";
import { hashToken, readUpload, unknownUpload } from "./uploads.js";

type Mesh = Pick<ScanContext, "db" | "bundles" | "log" | "config">;

/** More files than a bundle may have: not all that is sent need be published. */
const MOST_FILES = 2 * BUNDLE_LIMITS.files;

/** Which files need not be sent: all that the bundles of the same internet class have. */
export async function readUploadState({ db, bundles }: Pick<Mesh, "db" | "bundles">, token: string): Promise<BundleUploadState> {
  const { engine, set, internet } = await readUpload(db, token);
  const { files, room } = await bundles.content(internetClass(internet));
  return { engine, set, files: [...files.keys()], room };
}

/**
 * Takes a file of a bundle, and returns its size. What does not fit is refused before it is read. Throws NOT_FOUND, UPLOAD_EXPIRED, and
 * whatever `BundleStore.put` throws; what came of it is removed then.
 */
export async function receiveFile(
  { db, bundles, log, config }: Mesh,
  token: string,
  file: SentFile,
): Promise<{ sha256: string; size: number }> {
  const { internet, rulesetComment } = await readUpload(db, token);
  const { sha256, announced } = file;
  const [most, what] = rulesetComment === null ? [BUNDLE_LIMITS.fileSize, "bundle"] : [RULESET_LIMITS.size, "ruleset"];
  if (!hashPattern("sha256").test(sha256))
    throw badInput("sha256", "the path ends with the sha256 of the file in 64 lower-case digits");
  if (announced !== undefined && announced > most)
    throw new GatewayError("TOO_LARGE", `a file of a ${what} may have ${sizeText(most)}`);
  const known = await findFileSize(db, sha256);
  if (known === null) throw badInput("sha256", "is that of a manifest, which the mesh makes by itself");
  // Bytes that cannot be the file must not touch the one that another bundle has.
  if (known !== undefined && announced !== undefined && announced !== known)
    throw badInput("sha256", `the file with this sha256 has ${known} bytes, and not ${announced}`);
  const length = known ?? announced;
  const { files, room } = await bundles.content(internetClass(internet));
  if (!files.has(sha256) && length !== undefined && length > room)
    throw new GatewayError(
      "STORAGE_FULL",
      `this file has ${sizeText(length)}, and there is room for ${sizeText(room)}: remove bundles, or raise SCANMESH_BUNDLES_MAX`,
    );
  const limit = await holdFile(db, hashToken(token), { sha256, length }, config.bundlesMaxBytes);
  await awaitRemovals(db, internetClass(internet), [sha256]);
  try {
    const size = await bundles.put(internetClass(internet), { ...file, announced: length }, Math.min(limit, most));
    if (length === undefined) await noteLength(db, token, sha256, size);
    return { sha256, size };
  } catch (error) {
    if (length === undefined) await noteLength(db, token, sha256, 0);
    await removePart({ db, bundles }, internetClass(internet), sha256).catch((reason: unknown) =>
      log.warn({ err: reason, sha256 }, "cannot remove what there is of a bundle's file now; the sweep will"),
    );
    throw error;
  }
}

/** Whoever has the URL sends no more than a bundle can have. Returns how long this file may be. Throws TOO_LARGE. */
async function holdFile(
  db: Mesh["db"],
  tokenHash: string,
  { sha256, length }: { sha256: string; length: number | undefined },
  mostBytes: number,
): Promise<number> {
  return db.transaction().execute(async (tx) => {
    if (!(await findBundleUpload(tx, tokenHash, { lock: true }))) throw unknownUpload();
    const { files, bytes } = await readUploadUse(tx, tokenHash, sha256);
    const left = mostBytes - bytes;
    if (files >= MOST_FILES || left <= 0 || (length ?? 0) > left)
      throw new GatewayError(
        "TOO_LARGE",
        `this URL has taken ${files} files of ${sizeText(bytes)}, and takes ${MOST_FILES} files and ${sizeText(mostBytes)} at most`,
      );
    const limit = Math.min(BUNDLE_LIMITS.fileSize, left);
    await holdFiles(tx, tokenHash, [{ sha256, bytes: length ?? limit }]);
    return limit;
  });
}

async function noteLength(db: Mesh["db"], token: string, sha256: string, bytes: number): Promise<void> {
  await db.transaction().execute((tx) => holdFiles(tx, hashToken(token), [{ sha256, bytes }]));
}
