import { basename, join } from "node:path";
import { ProcessLimits } from "../../../schema/process-run.js";

/** The folder in memory where a fenced program finds its sample and may write. */
export const INSIDE = "/mnt";
/** Where everybody may write: each fenced program has these for itself, empty. */
export const PRIVATE_FOLDERS = ["/tmp", "/var/tmp", "/dev/shm"] as const;

/** Sockets of the host's daemons that fetch answers from the network: hidden from isolated programs. */
export const RESOLVERS = ["/run/systemd/resolve", "/run/nscd", "/run/avahi-daemon", "/run/dbus"] as const;

/** A file or folder that a fenced program may read beside its sample. */
export interface Mount {
  readonly path: string;
  /** Its name inside, relative; default: it stays where it is, although the folder around it is hidden. */
  readonly as?: string;
  /** It may be written to: a daemon's own folder. */
  readonly isWritable?: true;
  /** It is a program, or has some, and may be run. */
  readonly isProgram?: true;
}

/** What a program needs beside its sample. */
export interface FencedNeeds {
  readonly mounts?: readonly Mount[];
  readonly limits?: ProcessLimits;
}

/** How a local program is isolated from the rest of the host. */
export interface Fence {
  /** Shown in the list of engines, e.g. `isolation: none`; says what is missing on this host. */
  readonly description: string;
  /** The path of the sample, or of a mount, as the program sees it. */
  innerPath(path: string, as?: string): string;
  /** The folder that the program may write to, instead of its own. */
  readonly home: string | undefined;
  /** The command line that runs `argv` inside the fence, with a sample or without one. */
  wrap(argv: readonly string[], sample: string | null, more?: FencedNeeds): readonly string[];
}

/** No fence: the program runs as the agent's user, in a process group, a folder and an environment of its own. */
export const noFence: Fence = {
  description: "isolation: none",
  home: undefined,
  innerPath: (sample) => sample,
  wrap: (argv) => argv,
};

/** The operator's warning for an isolated engine without a fence. */
export function unfenced(name: string): string {
  return `${name} has no fence on this host: what a sample makes of it could reach the network`;
}

/** What a fence is chosen by. */
export interface FenceOptions {
  /** Whether the engine needs the network. */
  readonly internet: boolean;
  /** It is a part of the agent that reads samples, not an engine. */
  readonly isTool?: boolean;
  /** A private folder that stays as long as the fence. */
  readonly folder: string;
  readonly programPath: string;
}

/** A fence that may work here, and what it has. */
export interface PossibleFence extends Omit<Fence, "description"> {
  /** Whom the program runs as. */
  readonly user: string;
  readonly hasPrivateFolders: boolean;
  readonly hasFilter: boolean;
  /** All file systems of the host are read-only in it, not the one at `/` alone. */
  readonly isReadOnly: boolean;
}

/** Default limits. */
export const LIMITS: ProcessLimits = ProcessLimits.parse({});

/**
 * No two classes share a user, so that neither can read what the other left behind by mistake. No host has users with these numbers.
 */
export function userOf({ internet, isTool = false }: Pick<FenceOptions, "internet" | "isTool">): number {
  return isTool ? 65_532 : internet ? 65_531 : 65_530;
}

/** The path inside of a sample or a mount, for fences that have {@link INSIDE}. */
export function pathInside(path: string, as = basename(path)): string {
  return join(INSIDE, as);
}
