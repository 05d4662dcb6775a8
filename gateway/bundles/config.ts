/** The settings of bundles: what engines need, as the mesh keeps it. */

import { filePath, size, type Values } from "../../schema/settings.js";

export const bundleSettings = {
  SCANMESH_BUNDLES_MAX: {
    type: size,
    fallback: "4GiB",
    example: "8GiB",
    about: "Most bytes of bundles (signatures, rules and images of engines), in each account; NATS reserves them twice.",
  },
  SCANMESH_BUNDLE_KEY: {
    type: filePath,
    shown: "no bundles are published",
    example: "/run/scanmesh/bundles.pem",
    about: "File of the key by which the gateway signs bundles, the same for all gateways of a mesh.",
  },
} as const;

/** What bundles may take, and by which key they are signed. */
export interface BundleConfig {
  readonly bundlesMaxBytes: number;
  /** Undefined: none are published. */
  readonly bundleKeyFile: string | undefined;
}

export function readBundleConfig(values: Values<typeof bundleSettings>): BundleConfig {
  return { bundlesMaxBytes: values.SCANMESH_BUNDLES_MAX, bundleKeyFile: values.SCANMESH_BUNDLE_KEY };
}
