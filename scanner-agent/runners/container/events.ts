import { createInterface } from "node:readline";
import type { Logger } from "pino";
import { z } from "zod";
import type { DockerDaemon } from "./docker.js";
import { ownedBy } from "./resources.js";

const Event = z.object({
  Action: z.string(),
  Actor: z.object({ ID: z.string(), Attributes: z.record(z.string(), z.string()).default({}) }),
});

/** What is asked for. Podman calls the last two so in its filter; what it then tells is `die` and `exec_died`. */
const EVENTS = ["oom", "die", "exec_die", "died", "exec_died"];

/** What has happened in a container since it was watched. */
export interface Watch {
  /** Its memory was used up and the system ended something in it. */
  oom(): boolean;
  /** Its main process has ended. */
  ended(): boolean;
  /** Resolves when that has happened. */
  readonly end: Promise<void>;
  /** Calls back when the program that was started by this exec has ended. */
  onExecEnd(exec: string, listener: (exitCode: number | undefined) => void): void;
  close(): void;
}

/** The daemon's events about this agent's containers. */
export interface Events {
  watch(container: string): Watch;
  /** Resolves when the daemon tells no more events, which it does when it ends. */
  readonly lost: Promise<void>;
  close(): void;
}

/** Follows the daemon's events. That a command ran out of memory is told by an event and by nothing else. */
export async function watchEvents(daemon: DockerDaemon, agent: string, log: Logger): Promise<Events> {
  const watched = new Map<string, Set<(action: string, attributes: Readonly<Record<string, string>>) => void>>();
  const stream = await daemon.ask("tell its events", (docker) =>
    docker.getEvents({ filters: { ...ownedBy(agent), type: ["container"], event: [...EVENTS] } }),
  );
  createInterface({ input: stream })
    .on("line", (line) => line.trim() !== "" && dispatch(line))
    // It repeats the stream's error, which `lost` reports.
    .on("error", () => undefined);

  function dispatch(line: string): void {
    const event = Event.safeParse(parsed(line));
    if (!event.success) return log.warn({ line: line.slice(0, 200) }, "cannot read an event of Docker");
    const { Action, Actor } = event.data;
    for (const listener of watched.get(Actor.ID) ?? []) listener(Action, Actor.Attributes);
  }

  return {
    watch(container) {
      let oom = false;
      let ended = false;
      let tellEnd: () => void = () => undefined;
      const end = new Promise<void>((resolve) => (tellEnd = resolve));
      const execs = new Map<string, (exitCode: number | undefined) => void>();
      const listener = (action: string, { execID = "", exitCode }: Readonly<Record<string, string>>) => {
        if (action === "oom") oom = true;
        else if (action === "die") {
          ended = true;
          tellEnd();
        } else {
          // Podman does not say which one; a container runs one at a time.
          for (const exec of execID === "" ? [...execs.keys()] : [execID]) {
            execs.get(exec)?.(exitCode === undefined ? undefined : Number(exitCode));
            execs.delete(exec);
          }
        }
      };
      const listeners = watched.get(container) ?? new Set();
      watched.set(container, listeners.add(listener));
      return {
        oom: () => oom,
        ended: () => ended,
        end,
        onExecEnd: (exec, told) => void execs.set(exec, told),
        close() {
          listeners.delete(listener);
          if (listeners.size === 0) watched.delete(container);
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

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
