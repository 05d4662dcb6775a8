import type Docker from "dockerode";
import { createReadStream } from "node:fs";
import type { Logger } from "pino";
import { BundleError } from "../../bundles/bundle-error.js";
import type { BundleImages } from "../../bundles/bundle-store.js";
import type { BundleImage } from "../../bundles/provision.js";
import { reasonOf, Unavailable } from "../../contract.js";
import { DockerRefused, type DockerDaemon } from "./docker.js";
import { findImage, followProgress, inspectImage } from "./image.js";

const LOAD_MS = 3_600_000;

/** The images of bundles on a Docker host: loaded from a saved file, or pulled by digest where there is none. */
export function createBundleImages(daemon: DockerDaemon, log: Logger): BundleImages {
  const has = async ({ id }: BundleImage) => (await inspectImage(daemon, id)) !== undefined;

  async function loadFile(file: string): Promise<void> {
    await daemon.ask(
      "load an image",
      async (docker: Docker, abortSignal) => {
        const stream = (await docker.loadImage(createReadStream(file), {
          quiet: true,
          abortSignal,
        } as never)) as unknown as NodeJS.ReadableStream;
        await followProgress(docker, stream, () => undefined);
      },
      LOAD_MS,
    );
  }

  async function pull({ reference, digest }: BundleImage): Promise<void> {
    if (digest === null) throw new BundleError(`its image ${reference} has no file in its bundle, and no registry knows it`);
    await findImage(daemon, `${reference.replace(/@.*$/, "").replace(/:[^/:]*$/, "")}@${digest}`, log);
  }

  return {
    has,
    async load(image) {
      try {
        await (image.file === null ? pull(image) : loadFile(image.file));
      } catch (error) {
        // Docker says of a damaged file only that it cannot read it.
        if (!(error instanceof DockerRefused) && !(image.file === null && error instanceof Unavailable && !error.isPassing))
          throw error;
        throw new BundleError(`its image ${image.reference} cannot be brought here: ${reasonOf(error)}`, { cause: error });
      }
      if (!(await has(image)))
        throw new BundleError(`what was brought here as its image ${image.reference} is another image than the bundle names`);
    },
  };
}
