/** What agents have at the Docker daemon, containers and networks, and the labels by which it is found and told apart. */

import type Docker from "dockerode";
import { DockerRefused, type DockerDaemon } from "./docker.js";

const AGENT = "scanmesh.agent";
const ENGINE = "scanmesh.engine";
const SLOT = "scanmesh.slot";
/** See {@link Owner}. */
export const LEASE = "scanmesh.lease";
/** Stands for the engine's name on the container that is the lease itself. */
const LEASE_ENGINE = "lease";

/** Whose container it is. */
export interface Owner {
  readonly agent: string;
  readonly engine: string;
  /** Tells the engine's containers apart. */
  readonly slot: string;
  /** The agent's lease: it lives as long as the container with this lease runs that is the lease itself. */
  readonly lease: string;
}

/** The labels of a container or a network. */
export function ownerLabels({ agent, engine, slot, lease }: Owner): Record<string, string> {
  return { [AGENT]: agent, [ENGINE]: engine, [SLOT]: slot, [LEASE]: lease };
}

/** The labels of the container that is a lease. */
export function leaseLabels(agent: string, lease: string): Record<string, string> {
  return ownerLabels({ agent, engine: LEASE_ENGINE, slot: "", lease });
}

/** Whether a container is a lease. */
export function isLease(labels: Readonly<Record<string, string>>): boolean {
  return labels[ENGINE] === LEASE_ENGINE;
}

/** Selects everything of an agent in the daemon's lists and events. */
export function ownedBy(agent: string): { label: string[] } {
  return { label: [`${AGENT}=${agent}`] };
}

/** How a container is now; undefined if it is gone. Throws `Unavailable`. */
export async function inspectState(
  daemon: DockerDaemon,
  container: Docker.Container,
): Promise<Docker.ContainerInspectInfo["State"] | undefined> {
  try {
    return (await daemon.ask("show a container", (_, abortSignal) => container.inspect({ abortSignal }))).State;
  } catch (error) {
    if (error instanceof DockerRefused && error.status === 404) return undefined;
    throw error;
  }
}

/** Ends and removes every container of the agent, e.g. those of one that was killed; how many. */
export async function removeContainers(daemon: DockerDaemon, agent: string): Promise<number> {
  const found = await daemon.ask("list containers", (docker, abortSignal) =>
    docker.listContainers({ all: true, filters: ownedBy(agent), abortSignal }),
  );
  await Promise.all(found.map(({ Id }) => removeContainer(daemon, Id)));
  return found.length;
}

/** Ends and removes a container; one that is gone, or that somebody else is removing, counts as removed. */
export async function removeContainer(daemon: DockerDaemon, id: string): Promise<void> {
  try {
    await daemon.ask("remove a container", (docker, abortSignal) =>
      docker.getContainer(id).remove({ force: true, v: true, abortSignal }),
    );
  } catch (error) {
    if (!(error instanceof DockerRefused) || (error.status !== 404 && error.status !== 409)) throw error;
  }
}

/** Creates the bridge of an agent's internet engines, which lasts as long as the lease. Its containers cannot reach each other. */
export async function createNetwork(daemon: DockerDaemon, agent: string, lease: string): Promise<string> {
  const name = `scanmesh-${agent}-${lease.slice(0, 8)}`;
  await daemon.ask("create a network", (docker) =>
    docker.createNetwork({
      Name: name,
      Driver: "bridge",
      CheckDuplicate: true,
      Labels: ownerLabels({ agent, engine: "", slot: "", lease }),
      Options: { "com.docker.network.bridge.enable_icc": "false" },
    }),
  );
  return name;
}

/** Removes every network of the agent. */
export async function removeNetworks(daemon: DockerDaemon, agent: string): Promise<void> {
  const found = await daemon.ask("list networks", (docker) => docker.listNetworks({ filters: ownedBy(agent) }));
  for (const { Id } of found) await removeNetwork(daemon, Id);
}

/** Removes a network; one that is gone, or still in use, stays as it is. */
export async function removeNetwork(daemon: DockerDaemon, network: string): Promise<void> {
  try {
    await daemon.ask("remove a network", (docker) => docker.getNetwork(network).remove());
  } catch (error) {
    if (!(error instanceof DockerRefused) || (error.status !== 404 && error.status !== 403)) throw error;
  }
}
