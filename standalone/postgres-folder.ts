/** The folder of the embedded Postgres: where it is, who may enter it, and whether what it holds can be used. */

import { randomBytes, randomUUID } from "node:crypto";
import { chmod, chown, lstat, mkdir, readFile, readdir, realpath, rename, rm, rmdir, symlink, writeFile } from "node:fs/promises";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { OsUser } from "./guarded-server.js";
import { SYSTEM_FOLDER, type PostgresBinaries } from "./postgres-binaries.js";
import { canReach } from "./postgres-user.js";
import { OperatorError } from "../schema/operator-error.js";
import { whenMissing } from "./when-missing.js";

/** The database's superuser. */
export const SUPERUSER = "scanmesh";

/**
 * The folder behind `dir`, made if need be. Where `user` cannot reach `dir` (a clone in root's home), it is a folder of
 * the system and `dir` a link to it.
 */
export async function openFolder(dir: string, user: OsUser | undefined): Promise<string> {
  const present = await lstat(dir).then(() => true, whenMissing(false));
  if (!present) await mkdir(dir, { recursive: true, mode: 0o700 });
  const folder = await realpath(dir);
  if (user === undefined) return folder;
  // Others may pass through, but neither list nor read: the password in it is 0600.
  await chmod(folder, 0o711);
  if (await canReach(user, folder)) return folder;
  if ((await readdir(folder)).length > 0) {
    throw new OperatorError(
      `The user ${user.name} cannot enter ${folder}: make the folders above it passable (chmod o+x), or move it.`,
    );
  }
  // A new one for each: another clone may have stood at this path, and its data is not this one's.
  const place = join(SYSTEM_FOLDER, `database-${randomUUID()}`);
  await mkdir(place, { recursive: true, mode: 0o711 });
  await rmdir(folder);
  await symlink(place, folder);
  return place;
}

/** The data folder in `folder`, made by initdb if there is none. Throws {@link OperatorError} if it cannot be used. */
export async function openData(folder: string, binaries: PostgresBinaries, user: OsUser | undefined): Promise<string> {
  const data = join(folder, "data");
  const present = await lstat(data).then(() => true, whenMissing(false));
  if (present) await checkVersion(data, binaries.major);
  else await makeData(folder, data, binaries, user);
  return data;
}

/** The superuser's password; made if there is none. */
export async function readOrCreatePassword(folder: string): Promise<string> {
  const file = join(folder, "password");
  const present = await readFile(file, "utf8").catch(whenMissing(""));
  if (present !== "") return present.trim();
  const made = randomBytes(24).toString("base64url");
  await writeFile(file, `${made}\n`, { mode: 0o600 });
  return made;
}

async function checkVersion(data: string, major: string): Promise<void> {
  const version = (await readFile(join(data, "PG_VERSION"), "utf8").catch(whenMissing(""))).trim();
  if (version === major) return;
  throw new OperatorError(
    /^\d+$/.test(version)
      ? `${data} holds data of Postgres ${version}, and this is Postgres ${major}: move it away to start empty, or set DATABASE_URL.`
      : `${data} is broken, it has no valid PG_VERSION: put a backup in its place, or move it away to start empty.`,
  );
}

/** Made under another name first, so that a start that is cut off leaves nothing that looks like data. */
async function makeData(folder: string, data: string, binaries: PostgresBinaries, user: OsUser | undefined): Promise<void> {
  const draft = join(folder, `draft-${randomUUID()}`);
  const secret = join(draft, "password");
  await mkdir(draft, { mode: 0o700 });
  try {
    await writeFile(secret, await readOrCreatePassword(folder), { mode: 0o600 });
    if (user !== undefined) for (const path of [secret, draft]) await chown(path, user.uid, user.gid);
    await initdb(binaries.initdb, join(draft, "data"), secret, user);
    await rename(join(draft, "data"), data);
  } finally {
    await rm(draft, { recursive: true });
  }
}

async function initdb(program: string, data: string, secret: string, user: OsUser | undefined): Promise<void> {
  const locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"];
  const access = [`--username=${SUPERUSER}`, "--auth=scram-sha-256", `--pwfile=${secret}`];
  const options = { cwd: "/", env: { LC_ALL: "C", TZ: "UTC" }, ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }) };
  try {
    await promisify(execFile)(program, [`--pgdata=${data}`, ...access, ...locale, "--no-instructions"], options);
  } catch (error) {
    const { stderr = "" } = error as { stderr?: string };
    const line = stderr.split("\n").findLast((text) => /error|fatal|could not/i.test(text)) ?? String(error);
    throw new OperatorError(`The Postgres data folder cannot be made: ${line.trim()}.`);
  }
}
