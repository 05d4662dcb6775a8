import type { BundleImage } from "./provision.js";

/** Where images of bundles are run. */
export interface BundleImages {
  /** Whether this image is there, so that its saved file is not needed. Throws Unavailable. */
  has(image: BundleImage): Promise<boolean>;
  /** Brings it there. Throws {@link BundleError} if it is another one, or Unavailable: its registry is away ({@link SourceAway}), or Docker. */
  load(image: BundleImage): Promise<void>;
  /** Takes it away, unless something uses it; whether that is settled. */
  remove(id: string): Promise<boolean>;
}
