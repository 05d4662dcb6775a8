/** Programs that come from the system's package manager. */

import { readdirSync, statSync } from "node:fs";
import { findProgram } from "./programs.mjs";
import { Refusal, runAttached, runQuietly } from "./run.mjs";

/**
 * @typedef {object} SystemPackage
 * @property {string} apt its package in Debian and Ubuntu
 * @property {string} [brew] its formula on macOS; without one it is not needed there
 * @property {string} [file] what shows that it is there, if that is no program
 */

/** @type {Record<string, SystemPackage>} */
const PACKAGES = {
  "nats-server": { apt: "nats-server", brew: "nats-server" },
  clamd: { apt: "clamav-daemon", brew: "clamav" },
  freshclam: { apt: "clamav-freshclam", brew: "clamav" },
  sigtool: { apt: "clamav", brew: "clamav" },
  "clamav-testfiles": { apt: "clamav-testfiles", file: "/usr/share/clamav-testfiles" },
  ssdeep: { apt: "ssdeep", brew: "ssdeep" },
  exiftool: { apt: "libimage-exiftool-perl", brew: "exiftool" },
  file: { apt: "file" },
  dockerd: { apt: "docker.io" },
  podman: { apt: "podman" },
  catatonit: { apt: "catatonit" },
  "docker-compose": { apt: "docker-compose" },
  debootstrap: { apt: "debootstrap" },
  ip: { apt: "iproute2" },
  "systemd-analyze": { apt: "systemd" },
  chromium: { apt: "chromium" },
  "chromium-headless-shell": { apt: "chromium-headless-shell" },
  curl: { apt: "curl" },
  gpg: { apt: "gnupg", brew: "gnupg" },
  openssl: { apt: "openssl", brew: "openssl" },
  qpdf: { apt: "qpdf", brew: "qpdf" },
  git: { apt: "git" },
  "python3-requests": { apt: "python3-requests", file: "/usr/lib/python3/dist-packages/requests" },
};

const SIGNATURE_FOLDERS = ["/var/lib/clamav", "/opt/homebrew/var/lib/clamav", "/usr/local/var/lib/clamav"];
const FRESHCLAM_MS = 300_000;

/**
 * Installs those of the programs that this machine does not have. Throws {@link Refusal} if that cannot be done.
 * @param {readonly string[]} names
 * @param {import("./progress.mjs").Progress} progress
 */
export async function ensurePrograms(names, progress) {
  const isMac = process.platform === "darwin";
  const missing = names.filter((name) => isMissing(name) && (!isMac || PACKAGES[name]?.brew !== undefined));
  if (missing.length === 0) return;
  const wanted = [...new Set(missing.map((name) => (isMac ? PACKAGES[name]?.brew : PACKAGES[name]?.apt) ?? name))];
  if (isMac) await brewInstall(wanted, progress);
  else await aptInstall(wanted, progress);
  const absent = missing.filter(isMissing);
  if (absent.length > 0) throw new Refusal(`${wanted.join(", ")} was installed, but ${absent.join(", ")} cannot be found.`);
}

/**
 * Gets ClamAV's official signatures, unless there are some. That they cannot be had is told, and is no failure.
 * @param {import("./progress.mjs").Progress} progress
 */
export async function fetchSignatures(progress) {
  if (SIGNATURE_FOLDERS.some(hasSignatures)) return;
  const [command = "freshclam", ...args] = [...(await asRoot("freshclam")), findProgram("freshclam") ?? "freshclam", "--stdout"];
  try {
    await progress.step("Signatures", () => runQuietly(command, args, { timeoutMs: FRESHCLAM_MS }));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const reason = /Message: (.+)/.exec(error.message)?.[1] ?? error.message;
    progress.line(`freshclam could not fetch ClamAV's official signatures (${reason}); ClamAV takes part once it has some.`);
  }
}

/** @param {string} name */
function isMissing(name) {
  const file = PACKAGES[name]?.file;
  return file === undefined ? findProgram(name) === undefined : statSync(file, { throwIfNoEntry: false }) === undefined;
}

/** @param {string} folder */
function hasSignatures(folder) {
  if (statSync(folder, { throwIfNoEntry: false }) === undefined) return false;
  return readdirSync(folder).some((name) => /\.(cvd|cld|cud|hdb|hsb|ndb|ldb)$/.test(name));
}

/**
 * @param {string[]} wanted
 * @param {import("./progress.mjs").Progress} progress
 */
async function brewInstall(wanted, progress) {
  const brew = findProgram("brew");
  if (brew === undefined)
    throw new Refusal(`${wanted.join(", ")} is not installed: install Homebrew (https://brew.sh), or install it yourself.`);
  await progress.step(
    "Packages",
    () => runQuietly(brew, ["install", ...wanted]),
    () => wanted.join(", "),
  );
}

/**
 * @param {string[]} wanted
 * @param {import("./progress.mjs").Progress} progress
 */
async function aptInstall(wanted, progress) {
  const apt = findProgram("apt-get");
  if (apt === undefined) {
    throw new Refusal(`${wanted.join(", ")} is not installed: install it with this system's package manager, and try again.`);
  }
  const root = await asRoot(`apt-get install ${wanted.join(" ")}`);
  const [command = apt, ...args] = [...root, "env", "DEBIAN_FRONTEND=noninteractive", apt, "-o", "DPkg::Lock::Timeout=300"];
  const run = (/** @type {string[]} */ more) => runQuietly(command, [...args, ...more]);
  await progress.step(
    "Packages",
    async () => {
      await run(["update"]);
      await run(["install", "-y", "--no-install-recommends", ...wanted]);
    },
    () => wanted.join(", "),
  );
}

/**
 * What to put before a command so that root runs it: nothing, or sudo, which asks for the password if there is somebody to ask.
 * @param {string} byHand what root has to run where that is not possible
 * @returns {Promise<string[]>}
 */
async function asRoot(byHand) {
  if (process.getuid?.() === 0) return [];
  const sudo = findProgram("sudo");
  const isAllowed =
    sudo !== undefined && ((await mayRun(sudo)) || (process.stdin.isTTY && (await runAttached(sudo, ["-v"])) === 0));
  if (!isAllowed)
    throw new Refusal(`This takes root's rights, which sudo does not give here: run "${byHand}" as root, and try again.`);
  return [sudo, "-n"];
}

/** @param {string} sudo */
async function mayRun(sudo) {
  try {
    await runQuietly(sudo, ["-n", "true"]);
    return true;
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}
