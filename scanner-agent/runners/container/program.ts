import { createHash } from "node:crypto";
import type Docker from "dockerode";
import { z } from "zod";
import { Unavailable } from "../../contract.js";
import { DockerRefused, type Daemon } from "./docker.js";
import { idleProgram } from "./idle.js";

const FOLDER = "/scanmesh";
/** The program's path in every container it is mounted in. */
export const IDLE = `${FOLDER}/idle`;
const TAR_BLOCK = 512;

/** The last status of an import is the image's id. */
const Imported = z.array(z.object({ status: z.string() })).min(1);

/** The agent's own program as the daemon has it. */
export interface Program {
  /** An image that holds nothing else. */
  readonly image: string;
  /** Shows the program, read-only, in a container. */
  readonly mount: Docker.MountSettings;
}

/**
 * Brings the program to the daemon: as an image, and as a volume that Docker fills from the image when a container first has
 * both. Its name tells its content, so agents on one daemon share it. Throws {@link Unavailable}.
 */
export async function bringProgram(daemon: Daemon, architecture: string): Promise<Program> {
  const program = idleProgram(architecture);
  if (program === undefined) throw new Unavailable(`containers run on x86_64 and arm64; Docker's host is ${architecture}`);
  const version = createHash("sha256").update(program).digest("hex").slice(0, 12);
  // Podman gives an image that was made here this first name, and Docker takes it.
  const image = `localhost/scanmesh/idle:${version}`;
  if (!(await hasImage(daemon, image))) await importImage(daemon, archive(program), image);
  return { image, mount: { Type: "volume", Source: `scanmesh-idle-${version}`, Target: FOLDER, ReadOnly: true } };
}

async function hasImage(daemon: Daemon, image: string): Promise<boolean> {
  try {
    await daemon.ask("show an image", (docker) => docker.getImage(image).inspect());
    return true;
  } catch (error) {
    if (error instanceof DockerRefused && error.status === 404) return false;
    throw error;
  }
}

async function importImage(daemon: Daemon, files: Buffer, image: string): Promise<void> {
  const id = await daemon.ask("import an image", async (docker) => {
    // Its types want a file's name; it takes bytes.
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
function archive(program: Buffer): Buffer {
  const padding = Buffer.alloc((TAR_BLOCK - (program.length % TAR_BLOCK)) % TAR_BLOCK);
  return Buffer.concat([
    tarHeader(`${FOLDER.slice(1)}/`, 0o755, 0, "5"),
    tarHeader(IDLE.slice(1), 0o555, program.length, "0"),
    program,
    padding,
    Buffer.alloc(2 * TAR_BLOCK),
  ]);
}

function tarHeader(name: string, mode: number, size: number, type: "0" | "5"): Buffer {
  const header = Buffer.alloc(TAR_BLOCK);
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, "0")}\0`;
  header.write(name, 0);
  header.write(octal(mode, 7) + octal(0, 7) + octal(0, 7) + octal(size, 11) + octal(0, 11) + " ".repeat(8) + type, 100);
  header.write("ustar\x0000", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return header;
}
