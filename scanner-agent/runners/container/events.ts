import { createInterface } from "node:readline";
import type { Logger } from "pino";
import { z } from "zod";
import type { DockerDaemon } from "./docker.js";
import { ownedBy, type AgentIdentity } from "./resources.js";

const Event = z.object({
  Action: z.string(),
  Actor: z.object({ ID: z.string(), Attributes: z.record(z.string(), z.string()).default({}) }),
});

/** The events asked for. The last two are Podman's names for filters; it then reports `die` and `exec_died`. */
const EVENTS = ["oom", "die", "exec_die", "died", "exec_died"];

/** The events of one container since it is listenersById. */
export interface ContainerWatch {
  /** Whether it ran out of memory and the system ended a process in it. */
  ranOutOfMemory(): boolean;
  /** Resolves when it does. */
  readonly outOfMemory: Promise<void>;
  /** Whether its main process has ended. */
  hasEnded(): boolean;
  /** Resolves when its main process has ended. */
  readonly end: Promise<void>;
  /** Calls back when the program of this exec has ended. */
  onExecEnd(exec: string, listener: (exitCode: number | undefined) => void): void;
  close(): void;
}

/** The daemon's events of this agent's containers. */
export interface Events {
  watch(container: string): ContainerWatch;
  /** Resolves when the daemon sends no more events, e.g. because it has ended. */
  readonly lost: Promise<void>;
  close(): void;
}

/** Follows the daemon's events. Only an event tells that a command ran out of memory. */
export async function watchEvents(daemon: DockerDaemon, owner: AgentIdentity, log: Logger): Promise<Events> {
  const listenersById = new Map<string, Set<(action: string, attributes: Readonly<Record<string, string>>) => void>>();
  const stream = await daemon.ask("tell its events", (docker) =>
    docker.getEvents({ filters: { ...ownedBy(owner), type: ["container"], event: [...EVENTS] } }),
  );
  createInterface({ input: stream })
    .on("line", (line) => line.trim() !== "" && dispatch(line))
    // It repeats the stream's error, which `lost` reports.
    .on("error", () => undefined);

  function dispatch(line: string): void {
    const event = Event.safeParse(parseJson(line));
    if (!event.success) return log.warn({ line: line.slice(0, 200) }, "cannot read an event of Docker");
    const { Action, Actor } = event.data;
    for (const listener of listenersById.get(Actor.ID) ?? []) listener(Action, Actor.Attributes);
  }

  return {
    watch(container) {
      let oom = false;
      let ended = false;
      let resolveEnd: () => void = () => undefined;
      let resolveOutOfMemory: () => void = () => undefined;
      const end = new Promise<void>((resolve) => (resolveEnd = resolve));
      const outOfMemory = new Promise<void>((resolve) => (resolveOutOfMemory = resolve));
      const execs = new Map<string, (exitCode: number | undefined) => void>();
      const listener = (action: string, { execID = "", exitCode }: Readonly<Record<string, string>>) => {
        if (action === "oom") {
          oom = true;
          resolveOutOfMemory();
        } else if (action === "die") {
          ended = true;
          resolveEnd();
        } else {
          // Podman does not say which exec; a container runs one at a time.
          for (const exec of execID === "" ? [...execs.keys()] : [execID]) {
            execs.get(exec)?.(exitCode === undefined ? undefined : Number(exitCode));
            execs.delete(exec);
          }
        }
      };
      const listeners = listenersById.get(container) ?? new Set();
      listenersById.set(container, listeners.add(listener));
      return {
        ranOutOfMemory: () => oom,
        outOfMemory,
        hasEnded: () => ended,
        end,
        onExecEnd: (exec, onEnd) => void execs.set(exec, onEnd),
        close() {
          listeners.delete(listener);
          if (listeners.size === 0) listenersById.delete(container);
        },
      };
    },
    lost: new Promise((resolve) => {
      stream.on("error", () => resolve());
      stream.on("close", () => resolve());
    }),
    close: () => void (stream as NodeJS.ReadableStream & { destroy(): void }).destroy(),
  };
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
