import type { Logger } from "pino";
import { reasonOf, Unavailable } from "../../contract.js";
import type { DockerDaemon } from "./docker.js";
import { isLease, LEASE, removeContainer, removeNetwork, removeOrLog } from "./resources.js";

/** A container or a network of an agent. */
interface Resource {
  readonly id: string;
  readonly lease: string;
  remove(): Promise<void>;
}

/**
 * Removes what killed agents left behind that do not come back under their id, for example because their own container was replaced.
 */
export interface OrphanWatch {
  stop(): void;
}

/**
 * Looks every `graceMs`. What has no running lease at two looks in a row is an orphan: a living agent takes its lease before it
 * creates anything, and creates everything again if it loses its lease.
 */
export function watchOrphans(daemon: DockerDaemon, graceMs: number, log: Logger): OrphanWatch {
  let suspects = new Set<string>();

  async function look(): Promise<void> {
    try {
      const found = await listWithoutLease(daemon);
      const orphans = found.filter(({ id }) => suspects.has(id));
      suspects = new Set(found.map(({ id }) => id));
      let removed = 0;
      for (const { id, remove } of orphans) removed += Number(await removeOrLog(remove, id, log));
      if (removed > 0) log.info({ removed }, "Removed containers and networks that killed agents left");
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      log.debug({ reason: reasonOf(error) }, "Cannot look for containers that killed agents left");
    }
  }

  const timer = setInterval(() => void look(), graceMs).unref();
  return { stop: () => clearInterval(timer) };
}

async function listWithoutLease(daemon: DockerDaemon): Promise<Resource[]> {
  const filters = { label: [LEASE] };
  // Before the containers: a network that is listed here has its lease listed below.
  const networks = await daemon.ask("list networks", (docker) => docker.listNetworks({ filters }));
  const containers = await daemon.ask("list containers", (docker, abortSignal) =>
    docker.listContainers({ all: true, filters, abortSignal }),
  );
  const running = new Set(
    containers
      .filter(({ Labels, State }) => isLease(Labels) && (State === "running" || State === "paused"))
      .map(({ Labels }) => Labels[LEASE]),
  );
  return [
    ...containers.map(({ Id, Labels }) => ({
      id: Id,
      lease: Labels[LEASE] ?? "",
      remove: () => removeContainer(daemon, Id),
    })),
    ...networks.map(({ Id, Labels }) => ({
      id: Id,
      lease: Labels?.[LEASE] ?? "",
      remove: () => removeNetwork(daemon, Id),
    })),
  ].filter(({ lease }) => !running.has(lease));
}
