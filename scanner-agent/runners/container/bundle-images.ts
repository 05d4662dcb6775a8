import type Docker from "dockerode";
import { createReadStream } from "node:fs";
import type { Logger } from "pino";
import { BundleError, SourceAway } from "../../bundles/bundle-error.js";
import { LOAD_MS, type BundleImages } from "../../bundles/bundle-images.js";
import type { BundleImage } from "../../bundles/provision.js";
import { reasonOf, Unavailable } from "../../contract.js";
import { DockerAway, DockerRefused, type DockerDaemon } from "./docker.js";
import { findImage, followProgress, inspectImage } from "./image.js";

/** What a registry or Docker says where trying again does not help. */
const LASTING = /manifest unknown|not found|denied|unauthorized|no matching manifest|no space left/i;

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
    async remove(id) {
      try {
        await daemon.ask("remove an image", (docker, abortSignal) => docker.getImage(id).remove({ abortSignal }));
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        // Already gone, or used by something else, which is then responsible for it.
        if (error instanceof DockerRefused) return true;
        log.warn({ image: id, reason: error.message }, "An image that no engine needs is left for now");
        return false;
      }
      log.info({ image: id }, "Removed an image that no engine needs any more");
      return true;
    },
    async load(image) {
      try {
        await (image.file === null ? pull(image) : loadFile(image.file));
      } catch (error) {
        const errors = [error, error instanceof Error ? error.cause : undefined];
        if (errors.some((one) => one instanceof DockerAway) || !(error instanceof Unavailable)) throw error;
        const why = `its image ${image.reference} cannot be brought here: ${reasonOf(error)}`;
        if (image.file === null && errors.every(mayPass)) throw new SourceAway(why, { cause: error });
        throw new BundleError(why, { cause: error });
      }
      if (!(await has(image)))
        throw new BundleError(`what was brought here as its image ${image.reference} is another image than the bundle names`);
    },
  };
}

/** Whether a registry that is away may be why. */
function mayPass(error: unknown): boolean {
  const TOO_MANY = 429;
  if (error instanceof DockerRefused && error.status < 500 && error.status !== TOO_MANY) return false;
  return !LASTING.test(reasonOf(error));
}
