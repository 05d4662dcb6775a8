import { DockerRefused, type Daemon } from "./container-docker.js";
import { filterOf, labelsOf } from "./container-labels.js";

/** The bridge of an agent's internet engines. Its containers do not reach each other. */
export async function ensureNetwork(daemon: Daemon, agent: string): Promise<string> {
  const name = nameOf(agent);
  const found = await daemon.ask("list networks", (docker) => docker.listNetworks({ filters: filterOf(agent) }));
  if (found.some((network) => network.Name === name)) return name;
  await daemon.ask("create a network", (docker) =>
    docker.createNetwork({
      Name: name,
      Driver: "bridge",
      CheckDuplicate: true,
      Labels: labelsOf({ agent, engine: "", slot: "" }),
      Options: { "com.docker.network.bridge.enable_icc": "false" },
    }),
  );
  return name;
}

/** Removes it; one that is not there, or still in use, stays as it is. */
export async function removeNetwork(daemon: Daemon, agent: string): Promise<void> {
  try {
    await daemon.ask("remove a network", (docker) => docker.getNetwork(nameOf(agent)).remove());
  } catch (error) {
    if (!(error instanceof DockerRefused) || (error.status !== 404 && error.status !== 403)) throw error;
  }
}

function nameOf(agent: string): string {
  return `scanmesh-${agent}`;
}
