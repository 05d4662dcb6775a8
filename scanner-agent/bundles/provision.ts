import { createHash } from "node:crypto";
import { chmod, link, mkdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { BundleFile, BundleManifest, ServedBundles } from "../../schema/bundle.js";
import { hasCode } from "../contract.js";
import { BundleError } from "./bundle-error.js";

/** What bundles give an engine instead of what its host has. */
export interface Provision {
  readonly bundles: ServedBundles;
  /** Of these bundles, and of no others. */
  readonly key: string;
  /** A folder with the files of all of them, which nobody changes; null: they have none. */
  readonly folder: string | null;
  /** A file of each set that names one, in which it must find something. */
  readonly positives: readonly Positive[];
  readonly image: BundleImage | null;
}

/** The test file of a set. */
export interface Positive {
  readonly set: string;
  readonly file: string;
}

/** A container image; `file` has it saved, unless a registry is to be asked for it. */
export interface BundleImage {
  readonly reference: string;
  readonly id: string;
  readonly digest: string | null;
  readonly file: string | null;
}

/** A bundle whose manifest is here. */
export interface KnownBundle {
  readonly set: string;
  readonly digest: string;
  readonly manifest: BundleManifest;
}

/** A name for these bundles, in whatever order. */
export function keyOf(bundles: readonly ServedBundles[number][]): string {
  const text = bundles.map(({ set, digest }) => `${set} ${digest}`).toSorted();
  return createHash("sha256").update(text.join("\n")).digest("hex").slice(0, 32);
}

/** Whether two lists name the same bundles. */
export function areSame(one: ServedBundles, other: ServedBundles): boolean {
  return keyOf(one) === keyOf(other);
}

/** The file of a saved image. */
export function imageFileOf({ kind, files, positive }: BundleManifest): BundleFile | undefined {
  return kind === "IMAGE" ? files.find(({ path }) => path !== positive) : undefined;
}

/** The file of a positive is no signature, and a saved image is Docker's: neither stands in the folder. */
function filesOf({ manifest }: KnownBundle): BundleFile[] {
  return manifest.files.filter((file) => file.path !== manifest.positive && file !== imageFileOf(manifest));
}

/** What these bundles give an engine. Throws {@link BundleError} if they do not go together. */
export function planProvision(bundles: readonly KnownBundle[], store: { folders: string; fileOf: (sha256: string) => string }) {
  const key = keyOf(bundles);
  const files = new Map<string, string>();
  for (const bundle of bundles)
    for (const { path, sha256 } of filesOf(bundle)) {
      if ((files.get(path) ?? sha256) !== sha256)
        throw new BundleError(`two of its bundles have a file ${path}, and not the same`);
      files.set(path, sha256);
    }
  const images = bundles.flatMap(({ manifest }) => (manifest.image ? [{ ...manifest.image, saved: imageFileOf(manifest) }] : []));
  if (images.length > 1) throw new BundleError("two of its bundles are images, and it can run only one");
  const [image] = images;
  const positives = bundles.flatMap(({ set, manifest }) =>
    manifest.files.filter(({ path }) => path === manifest.positive).map(({ sha256 }) => ({ set, file: store.fileOf(sha256) })),
  );
  const provision: Provision = {
    bundles: bundles.map(({ set, digest }) => ({ set, digest })),
    key,
    folder: files.size === 0 ? null : join(store.folders, key),
    positives,
    image: image === undefined ? null : { ...identityOf(image), file: image.saved ? store.fileOf(image.saved.sha256) : null },
  };
  return { provision, files };
}

function identityOf({ reference, id, digest }: Omit<BundleImage, "file">) {
  return { reference, id, digest };
}

/** Makes the folder of a provision from files that are here, all or nothing; one that is there is left as it is. */
export async function makeFolder(
  folder: string,
  files: ReadonlyMap<string, string>,
  fileOf: (sha256: string) => string,
): Promise<void> {
  if (await isThere(folder)) return;
  const making = `${folder}.new`;
  await rm(making, { recursive: true, force: true });
  const made = new Set([making]);
  for (const [path, sha256] of files) {
    const at = join(making, path);
    await mkdir(dirname(at), { recursive: true });
    for (let above = dirname(at); !made.has(above); above = dirname(above)) made.add(above);
    await link(fileOf(sha256), at);
  }
  // ClamAV and containers read them as other users.
  for (const one of made) await chmod(one, 0o755);
  await rename(making, folder);
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return false;
    throw error;
  }
}
