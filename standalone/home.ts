/** The data folder of `npm run up`: made, claimed by one run at a time, and the place where others find the running mesh. */

import { constants } from "node:fs";
import { access, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { OperatorError } from "../schema/operator-error.js";
import { whenMissing } from "./when-missing.js";

/** What `mesh.json` in the data folder says while a mesh runs. */
export interface MeshFile {
  readonly pid: number;
  readonly startedAt: string;
  /** Whether its callers are asked for an API key. */
  readonly requiresKeys: boolean;
  /** The gateway's address; null until it listens. */
  readonly url: string | null;
  /** The address at which other hosts reach it, if they are let in. */
  readonly hostsUrl?: string | undefined;
  /** File of the certificate that it has there, and of its authority unless everybody knows it. */
  readonly certificate?: string | undefined;
  readonly authority?: string | undefined;
}

/** Where other hosts reach the gateway, and by which certificate they know it. */
export interface HostsAddress {
  readonly gateway: string;
  readonly certificate: string | undefined;
  readonly authority: string | undefined;
}

/** A data folder that is ours until `release`. */
export interface Home {
  /** Lets others find the mesh. */
  publish(url: string, open: HostsAddress | undefined): Promise<void>;
  release(): Promise<void>;
}

/** Makes the folder if need be and claims it. Throws {@link OperatorError} if a mesh runs in it. */
export async function claimHome(home: string, requiresKeys: boolean): Promise<Home> {
  // Others may pass through it, but neither list nor read: under root Postgres runs as another user.
  await mkdir(home, { recursive: true, mode: 0o711 });
  await access(home, constants.R_OK | constants.W_OK | constants.X_OK);
  const file = join(home, "mesh.json");
  const claim: MeshFile = { pid: process.pid, startedAt: new Date().toISOString(), requiresKeys, url: null };
  if (!(await createFile(file, claim))) {
    const other = await findRunningMesh(home);
    if (other !== undefined) throw new OperatorError(describeRunning(home, other));
    await rm(file, { force: true });
    if (!(await createFile(file, claim))) throw new OperatorError(`ScanMesh is being started in ${home} by another command.`);
  }
  return {
    async publish(url, open) {
      const { gateway: hostsUrl, certificate, authority } = open ?? {};
      const mesh: MeshFile = { ...claim, url, hostsUrl, certificate, authority };
      await writeFile(`${file}.new`, JSON.stringify(mesh), { mode: 0o600 });
      await rename(`${file}.new`, file);
    },
    release: () => rm(file, { force: true }),
  };
}

/** The mesh that runs in a data folder, or undefined if none does. */
export async function findRunningMesh(home: string): Promise<MeshFile | undefined> {
  const text = await readFile(join(home, "mesh.json"), "utf8").catch(whenMissing(""));
  const mesh = readMeshFile(text);
  return mesh !== undefined && (await isMesh(mesh.pid)) ? mesh : undefined;
}

function describeRunning(home: string, { pid, url }: MeshFile): string {
  return url === null
    ? `ScanMesh is being started in ${home} (process ${pid}).`
    : `ScanMesh already runs in ${home}: ${url} (process ${pid}).`;
}

function readMeshFile(text: string): MeshFile | undefined {
  try {
    const mesh = JSON.parse(text) as Partial<MeshFile> | null;
    if (typeof mesh?.pid !== "number") return undefined;
    const { pid, requiresKeys = true, url = null, hostsUrl, certificate, authority } = mesh;
    return { pid, startedAt: String(mesh.startedAt), requiresKeys, url, hostsUrl, certificate, authority };
  } catch (error) {
    // Empty or cut off: its writer did not live to finish it.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

async function createFile(file: string, mesh: MeshFile): Promise<boolean> {
  try {
    await writeFile(file, JSON.stringify(mesh), { flag: "wx", mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Whether that process lives and, where the system tells, is one of ours: after a crash its number may be another's. */
async function isMesh(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    if ((error as NodeJS.ErrnoException).code !== "EPERM") throw error;
  }
  const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(whenMissing(""));
  return command === "" || /\bstandalone\b/.test(command);
}
