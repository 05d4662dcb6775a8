import { rm } from "node:fs/promises";
import { Unavailable } from "../contract.js";
import { within } from "../within.js";
import { BundleError } from "./bundle-error.js";
import type { BundleImage } from "./provision.js";

/** The longest that an image is waited for. */
export const LOAD_MS = 3_600_000;

/** Where images of bundles are run. */
export interface BundleImages {
  /** Whether this image is there, so that its saved file is not needed. Throws Unavailable. */
  has(image: BundleImage): Promise<boolean>;
  /** Brings it there. Throws {@link BundleError} if it is another one, or Unavailable: its registry is away ({@link SourceAway}), or Docker. */
  load(image: BundleImage): Promise<void>;
  /** Takes it away, unless something uses it; whether that is settled. */
  remove(id: string): Promise<boolean>;
}

/** A saved image is Docker's from the moment in which it has loaded it; while that cannot be asked, the file is needed. */
export async function isLoaded(images: BundleImages, image: Omit<BundleImage, "file">): Promise<boolean> {
  try {
    return await images.has({ ...image, file: null });
  } catch (error) {
    if (error instanceof Unavailable) return false;
    throw error;
  }
}

/** Throws as {@link BundleImages.load} does, or the signal's reason: what is under way then is not ended by that. */
export async function loadImage(images: BundleImages, image: BundleImage, signal: AbortSignal): Promise<void> {
  try {
    await within(LOAD_MS, images.load(image), signal);
  } catch (error) {
    // What is wrong with it stays wrong.
    if (image.file && error instanceof BundleError) await rm(image.file, { force: true });
    throw error;
  }
}
