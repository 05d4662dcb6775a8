/** Keeps a process running, as systemd or compose would: what ends by itself is started again. */

import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";

const RESTART_MS = 500;

export interface Running {
  readonly pid: number;
  readonly exited: Promise<unknown>;
  stop(): Promise<void>;
}

export interface Kept<T extends Running = Running> {
  readonly name: string;
  /** Undefined while it does not run. */
  current(): T | undefined;
  /** Sends a signal to it, and to everything that it started. */
  signal(signal: NodeJS.Signals): void;
  /** Ends it by a signal, and leaves it so until {@link Kept.up}. */
  down(signal: NodeJS.Signals): Promise<void>;
  /** Starts it, and returns once it runs. */
  up(): Promise<void>;
  /** Ends it in order, for good. */
  stop(): Promise<void>;
}

/** `start` may fail, on a full disk for example: it is tried again. `onRestart` is told why it ended or did not start. */
export async function keep<T extends Running>(
  name: string,
  start: () => Promise<T>,
  onRestart: (what: string) => void,
): Promise<Kept<T>> {
  let current: T | undefined;
  let wanted = true;
  let starting: Promise<void> | undefined;

  function watch(started: T): void {
    current = started;
    void started.exited.then(() => {
      if (current !== started) return;
      current = undefined;
      if (!wanted) return;
      onRestart(`${name} ended`);
      void pause(RESTART_MS).then(ensure);
    });
  }

  async function begin(): Promise<void> {
    while (wanted && current === undefined) {
      try {
        watch(await start());
      } catch (error) {
        onRestart(`${name} does not start: ${error instanceof Error ? error.message : String(error)}`);
        await pause(RESTART_MS);
      }
    }
  }

  function ensure(): Promise<void> {
    starting ??= begin().finally(() => (starting = undefined));
    return starting;
  }

  const kept: Kept<T> = {
    name,
    current: () => current,
    signal(signal) {
      if (current === undefined) return;
      for (const pid of [current.pid, ...descendants(current.pid)]) sendSignal(pid, signal);
    },
    async down(signal) {
      wanted = false;
      await starting;
      const ending = current?.exited;
      if (current !== undefined) sendSignal(current.pid, signal);
      await ending;
    },
    async up() {
      wanted = true;
      await ensure();
    },
    async stop() {
      wanted = false;
      await starting;
      kept.signal("SIGCONT");
      await current?.stop();
    },
  };
  // The first start is not tried again: what is wrong then stays wrong.
  watch(await start());
  return kept;
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Processes that a process has started, and theirs; Linux. */
function descendants(pid: number): number[] {
  let children: number[];
  try {
    children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").map(Number).filter(Boolean);
  } catch (error) {
    if (["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) return [];
    throw error;
  }
  return children.flatMap((child) => [child, ...descendants(child)]);
}

/** Resident memory in MB of a process; undefined if it has ended. */
export function residentMb(pid: number): number | undefined {
  try {
    const kb = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return kb === undefined ? undefined : Number(kb) / 1024;
  } catch (error) {
    if (["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}
