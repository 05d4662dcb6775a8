import { DockerRefused, type Daemon } from "./docker.js";
import { filterOf, labelsOf } from "./resources.js";

/** Makes the bridge of an agent's internet engines, which lasts as long as the lease. Its containers do not reach each other. */
export async function makeNetwork(daemon: Daemon, agent: string, lease: string): Promise<string> {
  const name = `scanmesh-${agent}-${lease.slice(0, 8)}`;
  await daemon.ask("create a network", (docker) =>
    docker.createNetwork({
      Name: name,
      Driver: "bridge",
      CheckDuplicate: true,
      Labels: labelsOf({ agent, engine: "", slot: "", lease }),
      Options: { "com.docker.network.bridge.enable_icc": "false" },
    }),
  );
  return name;
}

/** Removes every network of the agent. */
export async function removeNetworksOf(daemon: Daemon, agent: string): Promise<void> {
  const found = await daemon.ask("list networks", (docker) => docker.listNetworks({ filters: filterOf(agent) }));
  for (const { Id } of found) await removeNetwork(daemon, Id);
}

/** Removes it; one that is not there, or still in use, stays as it is. */
export async function removeNetwork(daemon: Daemon, network: string): Promise<void> {
  try {
    await daemon.ask("remove a network", (docker) => docker.getNetwork(network).remove());
  } catch (error) {
    if (!(error instanceof DockerRefused) || (error.status !== 404 && error.status !== 403)) throw error;
  }
}
