import { readFile } from "node:fs/promises";
import type Docker from "dockerode";
import { hasCode, Unavailable } from "../../contract.js";
import type { DockerDaemon } from "./docker.js";

const MOUNTS = "/proc/self/mountinfo";
/** Files that Docker and Podman put into every container, from a folder that has the container's id in its path. */
const GIVEN = /^\/etc\/(hostname|hosts|resolv\.conf)$/;

/** An image with the agent's program at the same path as here. */
export interface OwnImage {
  readonly image: string;
  /** What the image lacks of the program. */
  readonly mounts: readonly Docker.MountSettings[];
}

/** The image of the container in which this agent runs. Throws {@link Unavailable} if the daemon does not have such an image. */
export async function findOwnImage(daemon: DockerDaemon): Promise<OwnImage> {
  return { image: (await inspectOwn(daemon)).Image, mounts: [] };
}

/** The container in which this process runs. Throws {@link Unavailable} if the daemon does not have such a container. */
export async function inspectOwn(daemon: DockerDaemon): Promise<Docker.ContainerInspectInfo> {
  const id = ownContainer(await readMounts());
  if (id === undefined) throw new Unavailable("this agent runs in no container");
  return daemon.ask("show the agent's container", (docker, abortSignal) => docker.getContainer(id).inspect({ abortSignal }));
}

/** The id of the container that has these mounts; undefined: it is no container's. */
export function ownContainer(mountinfo: string): string | undefined {
  for (const line of mountinfo.split("\n")) {
    const [, , , root = "", at = ""] = line.split(" ");
    const id = GIVEN.test(at) ? /\/([0-9a-f]{64})\//.exec(root)?.[1] : undefined;
    if (id !== undefined) return id;
  }
  return undefined;
}

async function readMounts(): Promise<string> {
  try {
    return await readFile(MOUNTS, "utf8");
  } catch (error) {
    // Not Linux.
    if (hasCode(error, "ENOENT")) return "";
    throw error;
  }
}
