import type { Logger } from "pino";
import { reasonOf, Unavailable } from "../../contract.js";
import type { DockerDaemon } from "./docker.js";
import { isLease, LEASE, removeContainer, removeNetwork } from "./resources.js";

/** Something of an agent's that is at the daemon. */
interface Belonging {
  readonly id: string;
  readonly lease: string;
  remove(): Promise<void>;
}

/** Removes what killed agents left that do not come back under their id, e.g. because their own container was made anew. */
export interface OrphanWatch {
  stop(): void;
}

/**
 * Looks every `graceMs`. What has no running lease at two looks in a row is nobody's: an agent that lives takes its lease
 * before it makes anything, and makes everything anew if it loses it.
 */
export function watchOrphans(daemon: DockerDaemon, graceMs: number, log: Logger): OrphanWatch {
  let suspects = new Set<string>();

  async function look(): Promise<void> {
    try {
      const found = await withoutLease(daemon);
      const strays = found.filter(({ id }) => suspects.has(id));
      suspects = new Set(found.map(({ id }) => id));
      for (const stray of strays) await stray.remove();
      if (strays.length > 0) log.info({ removed: strays.length }, "removed what killed agents left");
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      log.debug({ reason: reasonOf(error) }, "what killed agents left was not looked for");
    }
  }

  const timer = setInterval(() => void look(), graceMs).unref();
  return { stop: () => clearInterval(timer) };
}

async function withoutLease(daemon: DockerDaemon): Promise<Belonging[]> {
  const filters = { label: [LEASE] };
  // Networks first: what is listed before the leases had its own by then.
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
