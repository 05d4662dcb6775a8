import { DockerRefused, type Daemon } from "./docker.js";

const AGENT = "scanmesh.agent";
const ENGINE = "scanmesh.engine";
const SLOT = "scanmesh.slot";
/** See {@link Owner}. */
export const LEASE = "scanmesh.lease";
/** What stands for the engine's name at the lease itself. */
const LEASE_ENGINE = "lease";

/** Whose container it is. */
export interface Owner {
  readonly agent: string;
  readonly engine: string;
  /** Tells the engine's containers apart. */
  readonly slot: string;
  /** Of what the container which has this lease as its own shows that its agent lives. */
  readonly lease: string;
}

/** The labels of a container. */
export function labelsOf({ agent, engine, slot, lease }: Owner): Record<string, string> {
  return { [AGENT]: agent, [ENGINE]: engine, [SLOT]: slot, [LEASE]: lease };
}

/** The labels of the container that is a lease. */
export function leaseLabels(agent: string, lease: string): Record<string, string> {
  return labelsOf({ agent, engine: LEASE_ENGINE, slot: "", lease });
}

/** Whether a container is a lease. */
export function isLease(labels: Readonly<Record<string, string>>): boolean {
  return labels[ENGINE] === LEASE_ENGINE;
}

/** What finds everything of an agent in the daemon's lists and events. */
export function filterOf(agent: string): { label: string[] } {
  return { label: [`${AGENT}=${agent}`] };
}

/** Ends and removes every container of the agent, e.g. those of one that was killed. */
export async function removeContainersOf(daemon: Daemon, agent: string): Promise<number> {
  const found = await daemon.ask("list containers", (docker, abortSignal) =>
    docker.listContainers({ all: true, filters: filterOf(agent), abortSignal }),
  );
  await Promise.all(found.map(({ Id }) => removeContainer(daemon, Id)));
  return found.length;
}

/** Kills and removes a container; one that is gone, or being removed by somebody else, is as good. */
export async function removeContainer(daemon: Daemon, id: string): Promise<void> {
  try {
    await daemon.ask("remove a container", (docker, abortSignal) =>
      docker.getContainer(id).remove({ force: true, v: true, abortSignal }),
    );
  } catch (error) {
    if (!(error instanceof DockerRefused) || (error.status !== 404 && error.status !== 409)) throw error;
  }
}
