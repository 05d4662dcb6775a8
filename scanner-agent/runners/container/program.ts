import { createHash } from "node:crypto";
import { buffer } from "node:stream/consumers";
import type Docker from "dockerode";
import { pack } from "tar-stream";
import { z } from "zod";
import { ContainerRun } from "../../../schema/container-run.js";
import { Unavailable } from "../../contract.js";
import { DockerRefused, type DockerDaemon } from "./docker.js";
import { idleProgram } from "./idle.js";
import { hardenedProfile } from "./profile.js";

const FOLDER = "/scanmesh";
/** The program's path in every container that mounts it. */
export const IDLE = `${FOLDER}/idle`;
/** The same archive every time. */
const EPOCH = new Date(0);

/** Messages of an import; the last status is the image's id. */
const Imported = z.array(z.object({ status: z.string() })).min(1);

/** The agent's own program at the daemon. */
export interface Program {
  /** An image that holds nothing else. */
  readonly image: string;
  /** Mounts the program, read-only, in a container. */
  readonly mount: Docker.MountSettings;
}

/**
 * Brings the program to the daemon: as an image, and as a volume that Docker fills from the image when a container first uses
 * both. Their names contain a hash of the program, so agents on one daemon share them. Throws {@link Unavailable}.
 */
export async function installProgram(daemon: DockerDaemon, architecture: string): Promise<Program> {
  const program = idleProgram(architecture);
  if (program === undefined)
    throw new Unavailable(`containers need a Docker host of x86_64 or arm64; this one is ${architecture}`);
  const version = createHash("sha256").update(program).digest("hex").slice(0, 12);
  // Podman names local images `localhost/…`, and Docker accepts that.
  const image = `localhost/scanmesh/idle:${version}`;
  if (!(await hasImage(daemon, image))) await importImage(daemon, await archive(program), image);
  return { image, mount: { Type: "volume", Source: `scanmesh-idle-${version}`, Target: FOLDER, ReadOnly: true } };
}

async function hasImage(daemon: DockerDaemon, image: string): Promise<boolean> {
  try {
    await daemon.ask("show an image", (docker) => docker.getImage(image).inspect());
    return true;
  } catch (error) {
    if (error instanceof DockerRefused && error.status === 404) return false;
    throw error;
  }
}

async function importImage(daemon: DockerDaemon, files: Buffer, image: string): Promise<void> {
  const id = await daemon.ask("import an image", async (docker) => {
    // The types demand a file's name; the function takes bytes as well.
    const stream = await docker.importImage(files as unknown as string, {});
    return await new Promise<string>((resolve, reject) => {
      docker.modem.followProgress(stream, (error: Error | null, events: unknown) => {
        if (error === null) resolve(Imported.parse(events).at(-1)?.status ?? "");
        else reject(error);
      });
    });
  });
  const [repo = "", tag = ""] = image.split(":");
  await daemon.ask("name an image", (docker) => docker.getImage(id).tag({ repo, tag }));
}

/** A tar archive of the program in its folder. */
async function archive(program: Buffer): Promise<Buffer> {
  const tar = pack();
  tar.entry({ name: FOLDER.slice(1), type: "directory", mode: 0o755, mtime: EPOCH });
  tar.entry({ name: IDLE.slice(1), mode: 0o555, mtime: EPOCH }, program);
  tar.finalize();
  return await buffer(tar);
}

/** What the container of {@link createProgramContainer} has beyond the profile. */
export type ProgramContainer = Docker.ContainerCreateOptions & {
  readonly processors: number;
  readonly mounts?: readonly Docker.MountSettings[];
  readonly limits?: z.input<typeof ContainerRun>["limits"];
};

/** Creates a container without network, in the hardened profile, that runs the program. Throws {@link Unavailable}. */
export async function createProgramContainer(
  daemon: DockerDaemon,
  program: Program,
  { processors, mounts = [], limits, Labels = {}, ...more }: ProgramContainer,
): Promise<Docker.Container> {
  const run = ContainerRun.parse({ image: "idle", mode: "exec", command: ["idle"], ...(limits && { limits }) });
  const parts = { image: program.image, labels: Labels, network: "none", env: {}, seccomp: undefined, processors };
  const profile = hardenedProfile(run, { ...parts, mounts: [program.mount, ...mounts] });
  return await daemon.ask("create a container", (docker, abortSignal) =>
    docker.createContainer({ ...profile, Entrypoint: [IDLE], ...more, abortSignal }),
  );
}
