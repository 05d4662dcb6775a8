/** The containers and networks that agents create at the Docker daemon, and the labels by which they are found and told apart. */

import type Docker from "dockerode";
import type { Logger } from "pino";
import { DockerRefused, type DockerDaemon } from "./docker.js";

const MESH = "scanmesh.mesh";
const AGENT = "scanmesh.agent";
const ENGINE = "scanmesh.engine";
const SLOT = "scanmesh.slot";
/** See {@link Owner}. */
export const LEASE = "scanmesh.lease";
/** The lease's own container has this instead of an engine's name. */
const LEASE_ENGINE = "lease";

/** An agent, distinguished from agents of other meshes with the same id on the same Docker host. */
export interface AgentIdentity {
  readonly mesh: string;
  readonly agent: string;
}

/** Whose container it is. */
export interface Owner extends AgentIdentity {
  readonly engine: string;
  /** Tells the engine's containers apart. */
  readonly slot: string;
  /** The agent's lease: it is alive as long as the lease's own container runs. */
  readonly lease: string;
}

/** The labels of a container or a network. */
export function ownerLabels({ mesh, agent, engine, slot, lease }: Owner): Record<string, string> {
  return { [MESH]: mesh, [AGENT]: agent, [ENGINE]: engine, [SLOT]: slot, [LEASE]: lease };
}

/** The labels of the container that is a lease. */
export function leaseLabels({ mesh, agent }: AgentIdentity, lease: string): Record<string, string> {
  return ownerLabels({ mesh, agent, engine: LEASE_ENGINE, slot: "", lease });
}

/** Whether a container is a lease. */
export function isLease(labels: Readonly<Record<string, string>>): boolean {
  return labels[ENGINE] === LEASE_ENGINE;
}

/** Selects everything of an agent in the daemon's lists and events. */
export function ownedBy({ mesh, agent }: AgentIdentity): { label: string[] } {
  return { label: [`${MESH}=${mesh}`, `${AGENT}=${agent}`] };
}

/** The state of a container; undefined if it is gone. Throws `Unavailable`. */
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

/**
 * Ends and removes every container and network of the agent, for example of one that was killed; returns how many. What Docker refuses to
 * remove stays, and is logged. Throws `DockerAway`.
 */
export async function removeBelongings(daemon: DockerDaemon, owner: AgentIdentity, log: Logger): Promise<number> {
  const filters = ownedBy(owner);
  const containers = await daemon.ask("list containers", (docker, abortSignal) =>
    docker.listContainers({ all: true, filters, abortSignal }),
  );
  const removed = await Promise.all(containers.map(({ Id }) => removeOrLog(() => removeContainer(daemon, Id), Id, log)));
  const networks = await daemon.ask("list networks", (docker) => docker.listNetworks({ filters }));
  for (const { Id } of networks) await removeOrLog(() => removeNetwork(daemon, Id), Id, log);
  return removed.filter(Boolean).length;
}

/** Whether it could be removed: a container that Docker refuses to remove does not stop the others. Throws `DockerAway`. */
export async function removeOrLog(remove: () => Promise<void>, id: string, log: Logger): Promise<boolean> {
  try {
    await remove();
    return true;
  } catch (error) {
    if (!(error instanceof DockerRefused)) throw error;
    log.warn({ id, reason: error.message }, "A container or network cannot be removed; it stays");
    return false;
  }
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

/**
 * Creates the bridge of an agent's internet engines, which lasts as long as the lease. Its containers cannot reach each other.
 */
export async function createNetwork(daemon: DockerDaemon, owner: AgentIdentity, lease: string): Promise<string> {
  const name = `scanmesh-${owner.agent}-${lease.slice(0, 8)}`;
  await daemon.ask("create a network", (docker) =>
    docker.createNetwork({
      Name: name,
      Driver: "bridge",
      CheckDuplicate: true,
      Labels: ownerLabels({ ...owner, engine: "", slot: "", lease }),
      Options: { "com.docker.network.bridge.enable_icc": "false" },
    }),
  );
  return name;
}

/** Removes a network; one that is gone, or still in use, stays as it is. */
export async function removeNetwork(daemon: DockerDaemon, network: string): Promise<void> {
  try {
    await daemon.ask("remove a network", (docker) => docker.getNetwork(network).remove());
  } catch (error) {
    if (!(error instanceof DockerRefused) || (error.status !== 404 && error.status !== 403)) throw error;
  }
}
