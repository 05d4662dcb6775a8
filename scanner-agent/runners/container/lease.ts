import { randomUUID } from "node:crypto";
import type { Duplex } from "node:stream";
import type { DockerDaemon } from "./docker.js";
import { leaseLabels, type AgentIdentity } from "./resources.js";
import { createProgramContainer, type Program } from "./program.js";

/**
 * Shows other agents that this one is alive: a container that reads its standard input, which is this agent's connection to the
 * daemon. However the agent ends, its connection ends; the daemon then closes the input, and the container ends.
 */
export interface Lease {
  /** The label of everything that belongs to this agent while the lease lasts. */
  readonly id: string;
  /** Resolves when it has ended. */
  readonly ended: Promise<void>;
  /** Ends it. */
  release(): void;
}

/** Takes a lease, before anything else is made for the agent. Throws {@link Unavailable}. */
export async function takeLease(
  daemon: DockerDaemon,
  owner: AgentIdentity,
  program: Program,
  processors: number,
): Promise<Lease> {
  const id = randomUUID();
  const container = await createProgramContainer(daemon, program, {
    processors,
    limits: { memory: "16MiB", cpus: 0.1 },
    Labels: leaseLabels(owner, id),
    Cmd: ["/dev/stdin"],
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    AttachStdout: true,
  });
  const connection = (await daemon.ask("attach to a container", () =>
    container.attach({ stream: true, stdin: true, stdout: true, hijack: true }),
  )) as Duplex;
  const ended = new Promise<void>((resolve) => connection.on("close", () => resolve()));
  // "close" follows an error and an end alike.
  connection.on("error", () => undefined);
  connection.on("end", () => connection.destroy());
  connection.resume();
  const release = () => void connection.destroy();
  try {
    await daemon.ask("start a container", (_, abortSignal) => container.start({ abortSignal }));
    return { id, ended, release };
  } catch (error) {
    release();
    throw error;
  }
}
