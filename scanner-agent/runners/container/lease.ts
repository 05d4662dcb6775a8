import { randomUUID } from "node:crypto";
import type { Duplex } from "node:stream";
import { ContainerRun } from "../../../schema/container-run.js";
import type { Daemon } from "./docker.js";
import { leaseLabels } from "./resources.js";
import { profileOf } from "./profile.js";
import { IDLE, type Program } from "./program.js";

/**
 * What tells other agents that this one lives: a container that reads its standard input, which is this agent's connection to
 * the daemon. However the agent ends, the connection ends with it, the daemon closes the input, and the container ends.
 */
export interface Lease {
  /** The label of everything that is this agent's as long as the lease runs. */
  readonly id: string;
  /** Resolves when it has ended. */
  readonly ended: Promise<void>;
  /** Ends it. */
  release(): void;
}

/** Takes a lease; nothing is made for the agent before. Throws {@link Unavailable}. */
export async function takeLease(daemon: Daemon, agent: string, program: Program, processors: number): Promise<Lease> {
  const id = randomUUID();
  const run = ContainerRun.parse({ image: "lease", mode: "exec", command: ["lease"], limits: { memory: "16MiB", cpus: 0.1 } });
  const container = await daemon.ask("create a container", (docker, abortSignal) =>
    docker.createContainer({
      ...profileOf(run, {
        image: program.image,
        labels: leaseLabels(agent, id),
        network: "none",
        mounts: [program.mount],
        env: {},
        seccomp: undefined,
        processors,
      }),
      Entrypoint: [IDLE],
      Cmd: ["/dev/stdin"],
      OpenStdin: true,
      StdinOnce: true,
      AttachStdin: true,
      AttachStdout: true,
      abortSignal,
    }),
  );
  const held = (await daemon.ask("attach to a container", () =>
    container.attach({ stream: true, stdin: true, stdout: true, hijack: true }),
  )) as Duplex;
  const ended = new Promise<void>((resolve) => held.on("close", () => resolve()));
  // A connection that breaks ends it as well as one that is closed: "close" follows either.
  held.on("error", () => undefined);
  held.on("end", () => held.destroy());
  held.resume();
  const release = () => void held.destroy();
  try {
    await daemon.ask("start a container", (_, abortSignal) => container.start({ abortSignal }));
    return { id, ended, release };
  } catch (error) {
    release();
    throw error;
  }
}
