/** The settings of what the mesh gives to engines. */

import { tmpdir, userInfo } from "node:os";
import { join, resolve } from "node:path";
import { duration, folderPath, size, type Values } from "../../schema/settings.js";

export const bundleSettings = {
  SCANMESH_BUNDLES: {
    type: folderPath,
    shown: "a folder under the system's temporary one",
    example: "/var/lib/scanmesh/bundles",
    about: "Folder of the signatures, rules and images that the mesh gives to engines; agents of one host share it.",
  },
  SCANMESH_BUNDLES_DISK: {
    type: size,
    fallback: "8GiB",
    example: "2GiB",
    about: "Most that this folder may hold; what does not fit is not fetched.",
  },
  SCANMESH_BUNDLES_RATE: {
    type: size,
    fallback: "20MiB",
    example: "5MiB",
    about: "How much of it is fetched in a second, so that samples do not wait.",
  },
  SCANMESH_UPDATE_TEST: {
    type: duration,
    fallback: "60s",
    example: "10s",
    about: "How long a new version of an engine scans this host's own programs before it serves; at least 20 in any case.",
  },
} as const;

/** What the mesh gives to engines: where it is kept, how much of it, how fast it comes, and how long it is tested. */
export interface BundleConfig {
  readonly folder: string;
  readonly limit: number;
  readonly bytesPerSecond: number;
  readonly testMs: number;
}

/** Users of a host do not share the folder. */
export function readBundleConfig(values: Values<typeof bundleSettings>): BundleConfig {
  return {
    folder: resolve(values.SCANMESH_BUNDLES ?? join(tmpdir(), `scanmesh-bundles-${userInfo().uid}`)),
    limit: values.SCANMESH_BUNDLES_DISK,
    bytesPerSecond: values.SCANMESH_BUNDLES_RATE,
    testMs: values.SCANMESH_UPDATE_TEST,
  };
}
