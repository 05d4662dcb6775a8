/** Who runs Postgres: it refuses to run as root, so there it runs as the system's user `postgres`. */

import { execFile, spawn } from "node:child_process";
import { promisify } from "node:util";
import type { OsUser } from "./guarded-server.js";
import { findProgram } from "./programs.mjs";
import { OperatorError } from "../schema/operator-error.js";

const NAMES = ["postgres", "_postgres"];
const run = promisify(execFile);

/** The user that runs Postgres in our place, made if need be; undefined if we are not root and run it ourselves. */
export async function postgresUser(): Promise<OsUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const present = await findUser();
  if (present !== undefined) return present;
  const useradd = findProgram("useradd");
  if (useradd === undefined) {
    throw new OperatorError(
      "Postgres does not run as root, and this system has no user postgres: add one, or start as an ordinary user.",
    );
  }
  const home = ["--home-dir", "/var/lib/postgresql", "--no-create-home"];
  const added = run(useradd, ["--system", "--user-group", ...home, "--shell", "/usr/sbin/nologin", "postgres"]);
  const failure = await added.then(() => "", String);
  const made = await findUser();
  if (made === undefined)
    throw new OperatorError(`The user postgres, which Postgres needs under root, cannot be added: ${failure}.`);
  return made;
}

async function findUser(): Promise<OsUser | undefined> {
  for (const name of NAMES) {
    try {
      const [uid, gid] = await Promise.all([run("id", ["-u", name]), run("id", ["-g", name])]);
      return { name, uid: Number(uid.stdout), gid: Number(gid.stdout) };
    } catch (error) {
      // `id` answers 1: no such user.
      if ((error as { code?: unknown }).code !== 1) throw error;
    }
  }
  return undefined;
}

/** Whether the user can enter a folder, or run a program, past every folder above it. */
export function canReach(user: OsUser, path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const test = spawn("test", ["-x", path], { cwd: "/", uid: user.uid, gid: user.gid, stdio: "ignore" });
    test.once("error", reject);
    test.once("exit", (code) => resolve(code === 0));
  });
}
