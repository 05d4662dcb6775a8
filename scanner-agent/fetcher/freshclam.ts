import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import { OperatorError } from "../../schema/operator-error.js";
import { hasCode } from "../contract.js";
import { findProgram } from "../processes/programs.js";
import { runCommand } from "../runners/process/command.js";
import { minimalEnvironment } from "../runners/process/guard.js";
import { readCvdHeader } from "../runners/clamd/cvd-header.js";
import { verifyCvds } from "./cvd.js";
import { requireRoom, type ReadFree } from "./free-room.js";
import {
  explainClock,
  explainFailure,
  explainOutdated,
  readRetryAfter,
  refusedWith,
  type FreshclamRun,
} from "./freshclam-output.js";
import { Blocked, type Content, type Look, type Source } from "./source.js";

const OFFICIAL = "https://database.clamav.net";
const STANDARD = ["main", "daily", "bytecode"];
const RUN_MS = 3_600_000;
const MAX_OUTPUT = 16 * 1024 ** 2;
const SHOWN_EVERY_MS = 1_000;
/** A first fetch brings main and daily, and what is new is written beside what is there. */
const ROOM = 512 * 1024 ** 2;

/** How freshclam fetches. */
export interface FreshclamOptions {
  readonly engine: string;
  readonly set: string;
  readonly everyMs: number | undefined;
  /** Its own folder, which stays: databases, and what freshclam remembers of its mirror. */
  readonly folder: string;
  /** A private mirror; undefined: ClamAV's own. */
  readonly mirror: string | undefined;
  readonly databases: readonly string[] | undefined;
  readonly proxy: string | undefined;
  /** File of authorities; undefined: those of the system. */
  readonly authorityFile: string | undefined;
  readonly programPath: string;
  readonly readFree: ReadFree;
}

/** ClamAV's databases by freshclam. What it remembers of a mirror that has refused it outlives every outcome. */
export function createFreshclamSource(options: FreshclamOptions): Source {
  const { engine, set, everyMs, folder, mirror, programPath } = options;
  const databases = join(folder, "databases");
  const host = new URL(mirror ?? OFFICIAL).host;

  async function fetch(look: Look): Promise<Content> {
    await mkdir(databases, { recursive: true });
    await throwIfBlocked();
    await requireRoom(folder, ROOM, options.readFree);
    const program = await findProgram("freshclam", programPath);
    if (program === undefined)
      throw new OperatorError(
        "freshclam, which fetches ClamAV's signatures, is not installed: install the package clamav-freshclam.",
      );
    const config = join(folder, "freshclam.conf");
    await writeFile(config, freshclamConf(options, databases), { mode: 0o600 });
    const run = await runFreshclam(program, config, look);
    await throwIfBlocked(refusedWith(run));
    const remark = [explainOutdated(run), explainClock(run, new Date())].filter(Boolean).join(" ");
    if (run.exitCode !== 0) throw new OperatorError(`${explainFailure(run, host)} ${remark}`.trimEnd());
    return { ...(await readDatabases()), ...(remark === "" ? {} : { remark }) };
  }

  async function throwIfBlocked(status?: number): Promise<void> {
    const until = readRetryAfter(await readIfThere(join(databases, "freshclam.dat")));
    if (until === undefined || until.getTime() <= Date.now()) return;
    const said = status === 403 || status === 429 ? ` (${status})` : "";
    const age = status === 403 ? " So it does with versions of ClamAV that have reached the end of their life." : "";
    throw new Blocked(`${host} has refused this host${said} and is not asked again before ${until.toISOString()}.${age}`, until);
  }

  async function runFreshclam(program: string, config: string, { signal, onBytes }: Look): Promise<FreshclamRun> {
    await removeUnfinished();
    // Only what is shown depends on it.
    const show = () =>
      unfinishedBytes().then(
        (bytes) => bytes > 0 && onBytes(bytes, 0),
        () => clearInterval(watch),
      );
    const watch = setInterval(() => void show(), SHOWN_EVERY_MS);
    try {
      const { exitCode, stdout, stderr } = await runCommand([program, `--config-file=${config}`, "--stdout", "--verbose"], {
        cwd: folder,
        env: {
          ...minimalEnvironment(programPath, folder),
          ...(options.authorityFile === undefined ? {} : { CURL_CA_BUNDLE: options.authorityFile }),
        },
        timeoutMs: RUN_MS,
        signal,
        maxOutput: MAX_OUTPUT,
      });
      return { exitCode, output: `${stdout}\n${stderr}` };
    } finally {
      clearInterval(watch);
    }
  }

  /** Freshclam downloads into folders of this name, and leaves them when it is killed. */
  async function unfinished(): Promise<string[]> {
    return (await readdir(databases)).filter((name) => name.startsWith("tmp.")).map((name) => join(databases, name));
  }

  async function removeUnfinished(): Promise<void> {
    for (const left of await unfinished()) await rm(left, { recursive: true, force: true });
  }

  async function unfinishedBytes(): Promise<number> {
    let bytes = 0;
    for (const dir of await unfinished()) for (const name of await readdir(dir)) bytes += await sizeOf(join(dir, name));
    return bytes;
  }

  async function readDatabases(): Promise<Content> {
    const names = (await readdir(databases)).filter((name) => /^[a-z0-9]+\.(cvd|cld)$/.test(name)).toSorted();
    if (names.length === 0) throw new OperatorError(`freshclam fetched no database from ${host}.`);
    const files = await Promise.all(
      names.map(async (name) => ({ path: name, file: join(databases, name), size: await sizeOf(join(databases, name)) })),
    );
    const newest = files.find(({ path }) => path.startsWith("daily.")) ?? files[0];
    const head = newest && (await readCvdHeader(newest.file));
    return { files, image: null, version: head?.version ?? null, date: head?.built ?? null };
  }

  return {
    engine,
    set,
    everyMs,
    description: mirror === undefined ? "ClamAV's mirrors, by freshclam" : `${host}, by freshclam`,
    programs: ["freshclam", "sigtool"],
    fetch,
    verify: ({ files }, signal) =>
      verifyCvds(
        files.map(({ file }) => file),
        programPath,
        signal,
      ),
  };
}

/**
 * A private mirror is asked for whole files, without DNS. Databases are not loaded here: that takes 1.2 GiB, and each host tests them
 * before they serve.
 */
function freshclamConf({ mirror, databases, proxy }: FreshclamOptions, folder: string): string {
  const wanted = databases ?? STANDARD;
  const via = proxy === undefined ? undefined : new URL(proxy);
  const lines = [
    `DatabaseDirectory ${folder}`,
    `DatabaseOwner ${userInfo().username}`,
    mirror === undefined ? `DatabaseMirror ${OFFICIAL}` : `PrivateMirror ${mirror.replace(/\/+$/, "")}`,
    ...STANDARD.filter((name) => !wanted.includes(name)).map((name) => `ExcludeDatabase ${name}`),
    ...wanted.filter((name) => !STANDARD.includes(name)).map((name) => `ExtraDatabase ${name}`),
    "Foreground yes",
    "CompressLocalDatabase yes",
    "TestDatabases no",
    "MaxAttempts 1",
    "ConnectTimeout 30",
    ...(via === undefined
      ? []
      : [
          `HTTPProxyServer ${via.protocol}//${via.hostname}`,
          `HTTPProxyPort ${via.port || (via.protocol === "https:" ? 443 : 80)}`,
          ...(via.username === ""
            ? []
            : [`HTTPProxyUsername ${decodeURIComponent(via.username)}`, `HTTPProxyPassword ${decodeURIComponent(via.password)}`]),
        ]),
  ];
  return `${lines.join("\n")}\n`;
}

async function readIfThere(file: string): Promise<Buffer | undefined> {
  try {
    return await readFile(file);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return 0;
    throw error;
  }
}
