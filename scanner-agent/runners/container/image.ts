import type Docker from "dockerode";
import type { Logger } from "pino";
import { z } from "zod";
import type { ImageIdentity } from "../../../schema/image-identity.js";
import { reasonOf, Unavailable } from "../../contract.js";
import { DockerRefused, type DockerDaemon } from "./docker.js";

const PULL_MS = 3_600_000;
const LOG_EVERY_MS = 5_000;

const Progress = z.object({
  status: z.string().optional(),
  id: z.string().optional(),
  error: z.string().optional(),
  progressDetail: z.object({ current: z.number().optional(), total: z.number().optional() }).optional(),
});

/** Finds the image of a reference; pulls it if the daemon does not have it. Throws {@link Unavailable}. */
export async function findImage(daemon: DockerDaemon, reference: string, log: Logger): Promise<ImageIdentity> {
  const there = await inspectImage(daemon, reference);
  if (there !== undefined) return there;
  // An image that was built on this host is in no registry.
  if (reference.startsWith("localhost/"))
    throw new Unavailable(`the image ${reference} is not on this Docker host: build it there (docs/run/engines.md says how)`);
  await pullImage(daemon, reference, log);
  return inspect(daemon, reference);
}

/** The image that the reference names now; undefined if the daemon has none. Throws {@link Unavailable}. */
export async function inspectImage(daemon: DockerDaemon, reference: string): Promise<ImageIdentity | undefined> {
  try {
    return await inspect(daemon, reference);
  } catch (error) {
    if (error instanceof DockerRefused && error.status === 404) return undefined;
    throw error;
  }
}

async function inspect(daemon: DockerDaemon, reference: string): Promise<ImageIdentity> {
  const image = await daemon.ask(`show the image ${reference}`, (docker) => docker.getImage(reference).inspect());
  const digests = image.RepoDigests ?? [];
  const name = reference.replace(/@.*$/, "").replace(/:[^/:]*$/, "");
  const digest = digests.find((one) => one.startsWith(`${name}@`)) ?? digests[0];
  return { id: image.Id, digest: digest?.replace(/^.*@/, "") ?? null };
}

/** Pulls an image and logs the progress. */
export async function pullImage(daemon: DockerDaemon, reference: string, log: Logger): Promise<void> {
  const tagged = /[:@][^/]*$/.test(reference.replace(/^[^/]*:\d+\//, "")) ? reference : `${reference}:latest`;
  log.info({ image: tagged }, "Pulling an image");
  try {
    await daemon.ask(
      "pull",
      async (docker, abortSignal) => {
        const stream = await docker.pull(tagged, { abortSignal });
        await follow(docker, stream, tagged, log);
      },
      PULL_MS,
    );
  } catch (error) {
    throw new Unavailable(`cannot pull the image ${reference}: ${reasonOf(error)}`, { cause: error });
  }
  log.info({ image: tagged }, "Pulled an image");
}

function follow(docker: Docker, stream: NodeJS.ReadableStream, image: string, log: Logger): Promise<void> {
  const layers = new Map<string, { current: number; total: number }>();
  let lastLog = Date.now();
  const onProgress = (event: unknown) => {
    const { id, progressDetail } = Progress.safeParse(event).data ?? {};
    const { current, total } = progressDetail ?? {};
    if (id !== undefined && current !== undefined && total !== undefined) layers.set(id, { current, total });
    if (Date.now() - lastLog < LOG_EVERY_MS) return;
    lastLog = Date.now();
    const sum = (key: "current" | "total") => [...layers.values()].reduce((bytes, layer) => bytes + layer[key], 0);
    log.info({ image, bytes: sum("current"), of: sum("total") }, "Pulling an image");
  };
  return followProgress(docker, stream, onProgress);
}

/** Waits until the daemon has reported the end of a request. Throws {@link Unavailable} with what went wrong. */
export function followProgress(
  docker: Docker,
  stream: NodeJS.ReadableStream,
  onProgress: (event: unknown) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    docker.modem.followProgress(
      stream,
      (error: Error | null, events: unknown[]) => {
        const problem = error?.message ?? events.map((event) => Progress.safeParse(event).data?.error).find(Boolean);
        if (problem === undefined) resolve();
        else reject(new Unavailable(problem));
      },
      onProgress,
    );
  });
}
