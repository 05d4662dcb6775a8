import { spawn, type ChildProcess, type StdioOptions } from "node:child_process";
import { killGroup } from "../../processes/process-table.js";

/**
 * Runs its arguments in a process group of their own and ends that whole group when its standard input closes, which it does
 * when the agent ends, even by SIGKILL. Its exit status is the program's; 128 + n if signal n ended that.
 */
const GUARD = `exec 9<&0 </dev/null
{ read -r _ <&9; kill -s KILL 0; } 9<&9 & watcher=$!
"$@" 9<&-
status=$?
kill -s KILL "$watcher"
wait "$watcher" 2>/dev/null
exit "$status"`;

/** A program that ends with the agent. */
export interface GuardedProcess {
  readonly process: ChildProcess;
  /** Ends it and everything in its process group. */
  kill(): void;
}

/** How a guarded program is started. */
export interface GuardOptions {
  readonly cwd: string;
  /** Its whole environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Whether file descriptor 3 is open to it, for what the agent writes. */
  readonly hasInput?: boolean;
}

/** Starts a program that never outlives the agent. It has no standard input; its output is piped. */
export function spawnGuarded(argv: readonly string[], { cwd, env, hasInput = false }: GuardOptions): GuardedProcess {
  const stdio: StdioOptions = ["pipe", "pipe", "pipe", ...(hasInput ? (["pipe"] as const) : [])];
  const child = spawn("/bin/sh", ["-c", GUARD, "sh", ...argv], { cwd, env: { ...env }, stdio, detached: true });
  // The guard may end before its input is closed.
  child.stdin?.on("error", () => undefined);
  return {
    process: child,
    kill() {
      if (child.pid !== undefined) killGroup(child.pid);
    },
  };
}

/** A minimal environment for programs, with nothing of the agent's own, not even its time zone: dates are read as UTC. */
export function minimalEnvironment(programPath: string, home: string): Record<string, string> {
  return { PATH: programPath || "/usr/local/bin:/usr/bin:/bin", HOME: home, TMPDIR: home, LANG: "C.UTF-8", TZ: "UTC" };
}
