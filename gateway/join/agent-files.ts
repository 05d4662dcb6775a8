/** The files for joining hosts: the agent as a package, and its image if the operator provides a file of it. */

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import type { Logger } from "pino";
import { projectPath } from "../../schema/paths.js";
import type { GatewayConfig } from "../config.js";

/** A file for hosts to download. */
export interface MadePackage {
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** A file with the name under which hosts request it. */
export interface AgentFile extends MadePackage {
  readonly name: string;
}

/** The files that a gateway offers. */
export interface AgentFiles {
  /** The platform of its agent, such as `linux-x64`. */
  readonly platform: string;
  /** Made on the first call; returns a text if there is none and why. */
  findPackage(): Promise<AgentFile | string>;
  /** Undefined if the operator has not provided one. */
  findImage(): Promise<AgentFile | undefined>;
}

const PLATFORM = `${process.platform}-${process.arch}`;
const MAKE_MS = 300_000;

export function createAgentFiles({ packagesFolder, agentImageFile }: GatewayConfig, log: Logger): AgentFiles {
  let making: Promise<AgentFile> | undefined;
  let hashed: { readonly stamp: string; readonly file: Promise<AgentFile> } | undefined;

  async function make(): Promise<AgentFile> {
    const program = projectPath("dist", "gateway", "join", "make-package.js");
    const { stdout } = await promisify(execFile)(process.execPath, [program, packagesFolder], { timeout: MAKE_MS });
    const made = JSON.parse(stdout) as MadePackage;
    log.info({ bytes: made.bytes, file: made.path }, "made the agent's package for hosts that join");
    return { ...made, name: `package-${PLATFORM}.tar.gz` };
  }

  async function keepMade(): Promise<AgentFile> {
    const made = await (making ??= make());
    if (await statIfThere(made.path)) return made;
    // Somebody has emptied the folder.
    making = undefined;
    return keepMade();
  }

  return {
    platform: PLATFORM,
    async findPackage() {
      const problem = packageProblem();
      if (problem !== undefined) return problem;
      try {
        return await keepMade();
      } catch (error) {
        making = undefined;
        log.error({ err: error }, "cannot make the agent's package for hosts that join");
        return "The gateway cannot make the package; its log says why.";
      }
    },
    async findImage() {
      if (agentImageFile === undefined) return undefined;
      const found = await statIfThere(agentImageFile);
      // An empty file is still being written.
      if (!found?.isFile() || found.size === 0) return undefined;
      const { size: bytes, mtimeMs } = found;
      const stamp = `${bytes} ${mtimeMs}`;
      if (hashed?.stamp !== stamp) {
        const name = `image-${PLATFORM}${/\.tar(\.\w+)?$/.exec(basename(agentImageFile))?.[0] ?? ".tar"}`;
        const file = sha256Of(agentImageFile).then((sha256) => ({ name, path: agentImageFile, sha256, bytes }));
        hashed = { stamp, file };
      }
      return hashed.file.catch((error: unknown) => {
        hashed = undefined;
        log.error({ err: error, file: agentImageFile }, "cannot read the agent's image for hosts that join");
        return undefined;
      });
    },
  };
}

/** Why this installation cannot be packed. */
function packageProblem(): string | undefined {
  if (process.platform !== "linux") return `The gateway runs on ${process.platform}, and has no agent for Linux.`;
  const shared = Object.entries(process.config.variables).some(
    ([name, value]) => name.startsWith("node_shared") && value === true,
  );
  if (shared)
    return "The gateway's Node needs libraries of its host: run the gateway with a Node from nodejs.org, or use Docker.";
  return undefined;
}

async function statIfThere(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}
