/** Which bundles an engine takes: readers of ClamAV's signatures or of Yara rules take files, containers take images. */

import { BundleError } from "../bundles/bundle-error.js";
import type { Provision } from "../bundles/provision.js";
import type { LoadedManifest } from "../manifest/engine-loader.js";
import { CLAMAV_DB } from "./container/mounts.js";

/** What an engine takes. */
export interface TakenBundles {
  readonly files: boolean;
  readonly image: boolean;
}

/** What it takes by its manifest. */
export function findTaken({ manifest: { run }, ways }: LoadedManifest): TakenBundles {
  const takesFiles = {
    builtin: run.builtin?.module === "yara",
    process: run.process?.service === "clamd",
    container: run.container?.mounts.some(({ from }) => from === CLAMAV_DB) === true,
  };
  return { files: ways.some((way) => takesFiles[way]), image: ways.includes("container") };
}

/** Throws {@link BundleError} if it is given anything else. */
export function requireTaken(takes: TakenBundles, { folder, image }: Provision): void {
  if (folder !== null && !takes.files) throw new BundleError("it takes no files: by its manifest it reads none of a bundle");
  if (image !== null && !takes.image) throw new BundleError("it takes no image: by its manifest it is no container");
}
