import { readFile } from "node:fs/promises";
import { hasCode } from "../../contract.js";
import { timeLimits, type ClamdLimits } from "./limits.js";

/** What a clamd.conf says. */
export interface ClamdConfig {
  /** The daemon's own folder. */
  readonly folder: string;
  /** The signatures. */
  readonly database: string;
  /** How many samples at once. */
  readonly slots: number;
  readonly timeoutMs: number;
  readonly limits: ClamdLimits;
  /** The user that it becomes when root starts it. */
  readonly user: string | undefined;
}

/** Where clamd listens. */
export function socketFile(folder: string): string {
  return `${folder}/clamd.sock`;
}

/** Where clamd writes its process id. */
export function pidFile(folder: string): string {
  return `${folder}/clamd.pid`;
}

/** Where clamd writes its log, which alone says how many signatures it has loaded. */
export function logFile(folder: string): string {
  return `${folder}/clamd.log`;
}

/** The text of a clamd.conf. The alerts make clamd report what it did not scan, instead of answering OK. */
export function clamdConf({ folder, database, slots, timeoutMs, limits, user }: ClamdConfig): string {
  const lines = [
    `LocalSocket ${socketFile(folder)}`,
    "LocalSocketMode 600",
    `PidFile ${pidFile(folder)}`,
    `TemporaryDirectory ${folder}`,
    `LogFile ${logFile(folder)}`,
    "LogFileMaxSize 1M",
    `DatabaseDirectory ${database}`,
    "Foreground yes",
    "AlertExceedsMax yes",
    "AlertEncrypted yes",
    ...Object.entries({ ...timeLimits(timeoutMs), ...limits }).map(([name, value]) => `${name} ${value}`),
    // Room for samples whose timeout has passed and that clamd still scans, and for PING and VERSION.
    `MaxThreads ${2 * slots + 2}`,
    `MaxQueue ${8 * slots + 16}`,
    // The agent says when signatures are to be loaded, so that it knows which they are.
    "SelfCheck 0",
    "ExitOnOOM yes",
    ...(user === undefined ? [] : [`User ${user}`]),
  ];
  return `${lines.join("\n")}\n`;
}

/** A user of this host. */
export interface HostUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** The user that ClamAV's package makes, if we are root and there is one. */
export async function clamavUser(): Promise<HostUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  try {
    const line = (await readFile("/etc/passwd", "utf8")).split("\n").find((entry) => entry.startsWith("clamav:"));
    const [name, , uid, gid] = line?.split(":") ?? [];
    return name === undefined ? undefined : { name, uid: Number(uid), gid: Number(gid) };
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}
