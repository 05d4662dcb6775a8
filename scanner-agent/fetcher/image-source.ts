import { createWriteStream } from "node:fs";
import { mkdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { Logger } from "pino";
import { OperatorError } from "../../schema/operator-error.js";
import { hasCode, Unavailable } from "../contract.js";
import type { DockerDaemon } from "../runners/container/docker.js";
import { inspectImage, pullImage } from "../runners/container/image.js";
import { requireRoom, type ReadFree } from "./free-room.js";
import type { Content, FetchedFile, Look, Source } from "./source.js";

const SAVE_MS = 3_600_000;
const SAVED = "image.tar";

/** How an image is fetched. */
export interface ImageSourceOptions {
  readonly engine: string;
  readonly set: string;
  readonly everyMs: number | undefined;
  readonly reference: string;
  /** Whether it is saved although a registry has it. */
  readonly save: boolean;
  readonly folder: string;
  readonly daemon: DockerDaemon;
  readonly log: Logger;
  readonly readFree: ReadFree;
}

/** An engine's image, as its registry has it now; one that was built on this host is saved as a file. */
export function createImageSource(options: ImageSourceOptions): Source {
  const { engine, set, everyMs, reference, save, folder, daemon, log } = options;

  async function fetch({ signal, onBytes }: Look): Promise<Content> {
    try {
      await pull();
      const identity = await inspectImage(daemon, reference);
      if (identity === undefined)
        throw new OperatorError(`The image ${reference} is not on the Docker host of this fetcher: build it there.`);
      const { size, created } = await describe();
      const isSaved = save || identity.digest === null;
      const files = isSaved ? [await saveImage(identity.id, size, signal, onBytes)] : [];
      return { files, image: { reference, ...identity }, version: null, date: created };
    } catch (error) {
      if (error instanceof Unavailable) throw new OperatorError(`${capitalize(error.message)}.`, { cause: error });
      throw error;
    }
  }

  /** What is built on this host is in no registry. */
  async function pull(): Promise<void> {
    if (reference.startsWith("localhost/")) return;
    const there = await inspectImage(daemon, reference);
    try {
      await pullImage(daemon, reference, log);
    } catch (error) {
      if (there?.digest !== null || !(error instanceof Unavailable)) throw error;
      log.info({ image: reference, reason: error.message }, "An image that no registry gives is saved as it is on this host");
    }
  }

  async function describe(): Promise<{ size: number; created: Date | null }> {
    const image = await daemon.ask(`show the image ${reference}`, (docker) => docker.getImage(reference).inspect());
    const created = new Date(image.Created);
    return { size: image.Size, created: created.getUTCFullYear() > 1980 ? created : null };
  }

  /** The same image is saved once: two saved files of it may differ. */
  async function saveImage(id: string, size: number, signal: AbortSignal, onBytes: Look["onBytes"]): Promise<FetchedFile> {
    await mkdir(folder, { recursive: true });
    const [file, idFile] = [join(folder, SAVED), join(folder, `${SAVED}.id`)];
    if ((await readIfThere(idFile)) !== id) {
      await requireRoom(folder, size, options.readFree);
      await daemon.ask(
        `save the image ${reference}`,
        async (docker) => {
          const stream = await docker.getImage(id).get();
          let bytes = 0;
          stream.on("data", (part: Buffer) => onBytes((bytes += part.length), size));
          await pipeline(stream, createWriteStream(`${file}.part`), { signal });
        },
        SAVE_MS,
      );
      await writeFile(idFile, "");
      await rename(`${file}.part`, file);
      await writeFile(idFile, id);
    }
    return { path: SAVED, file, size: (await stat(file)).size };
  }

  return { engine, set, everyMs, description: `the image ${reference}`, fetch, verify: () => Promise.resolve() };
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}
