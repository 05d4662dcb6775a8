import type { Logger } from "pino";
import type { DockerAddress } from "./config.js";
import { reasonOf, Unavailable } from "../../contract.js";
import { openDaemon, type DockerDaemon } from "./docker.js";
import { watchEvents, type Events } from "./events.js";
import { takeLease, type Lease } from "./lease.js";
import { prove, type Proof } from "./probe.js";
import { installProgram, type Program } from "./program.js";
import { createNetwork, removeBelongings, removeContainer, type AgentIdentity } from "./resources.js";
import { watchOrphans, type OrphanWatch } from "./orphans.js";
import type { InternetClass } from "../../../schema/classes.js";

const REMOVE_AGAIN_MS = 5_000;
/** Time between the two looks after which an orphan is removed. */
const GRACE_MS = 30_000;

/** The Docker host, prepared for this agent's containers. */
export interface PreparedHost {
  readonly program: Program;
  readonly events: Events;
  /** The label of this agent's lease. */
  readonly lease: string;
  /** Processors of the Docker host. */
  readonly processors: number;
  /** The network of the agent's containers; `none` for isolated ones. */
  readonly network: string;
  /** Why containers cannot read the spool; undefined if they can. */
  readonly spoolHidden: string | undefined;
}

/** What the daemon reports of its host. */
interface Info {
  readonly Architecture: string;
  readonly NCPU: number;
}

/** The Docker host that an agent's container engines share. */
export interface ContainerHost {
  readonly daemon: DockerDaemon;
  readonly owner: AgentIdentity;
  /** The agent's folder for containers; it exists. */
  readonly folder: string;
  /** A name for the next container, unique within this agent. */
  nextSlot(): string;
  /** Removes what an earlier agent of this id left, even if no engine needs Docker now. Does nothing without Docker. */
  reap(): Promise<void>;
  /** Prepares the Docker host once, and again after the daemon was lost. Throws {@link Unavailable}. */
  prepare(): Promise<PreparedHost>;
  /** Ends and removes a container. Throws {@link Unavailable} if Docker cannot do it now; it is then retried in the background. */
  remove(container: string): Promise<void>;
  /** What the last preparation has proven about the containers' isolation. */
  proofs(): readonly string[];
  /** Calls back when the daemon is lost. */
  onLost(listener: (reason: string) => void): void;
  /** Removes every container of this agent. */
  stop(): Promise<void>;
}

/** How a container host is set up. */
export interface ContainerHostOptions {
  readonly docker: DockerAddress;
  /** Tells the mesh from others on the same Docker host. */
  readonly mesh: string;
  readonly agent: string;
  readonly internet: InternetClass;
  readonly folder: string;
  readonly log: Logger;
  readonly graceMs?: number;
}

/** Creates the host. Unless {@link ContainerHost.reap} is called, it uses the daemon only once an engine needs it. */
export function createContainerHost(options: ContainerHostOptions): ContainerHost {
  const { docker, mesh, agent, internet, folder, log, graceMs = GRACE_MS } = options;
  const owner = { mesh, agent };
  const daemon = openDaemon(docker);
  const listeners: ((reason: string) => void)[] = [];
  let preparing: Promise<PreparedHost> | undefined;
  let proof: Proof | undefined;
  let events: Events | undefined;
  let lease: Lease | undefined;
  let orphans: OrphanWatch | undefined;
  let reaping: Promise<void> | undefined;
  let stopped = false;
  let used = false;
  let slots = 0;

  async function prepare(): Promise<PreparedHost> {
    await daemon.ping();
    await reaping;
    used = true;
    await removeLeftovers();
    const { Architecture, NCPU } = await daemon.ask("tell about itself", (on) => on.info() as Promise<Info>);
    const program = await installProgram(daemon, Architecture);
    const newLease = await takeLease(daemon, owner, program, NCPU);
    try {
      proof = await prove({ daemon, owner, program, lease: newLease.id, processors: NCPU, folder });
      for (const sentence of proof.proofs) log.info(`Isolation proven: ${sentence}`);
      const network = internet === "isolated" ? "none" : await createNetwork(daemon, owner, newLease.id);
      const newEvents = await watchEvents(daemon, owner, log);
      [events, lease] = [newEvents, newLease];
      void newEvents.lost.then(() => lose(newLease, "Docker has gone"));
      void newLease.ended.then(() => lose(newLease, "Docker has ended its lease"));
      orphans ??= watchOrphans(daemon, graceMs, log);
      const { spoolHidden } = proof;
      return { program, events: newEvents, lease: newLease.id, processors: NCPU, network, spoolHidden };
    } catch (error) {
      newLease.release();
      throw error;
    }
  }

  async function removeLeftovers(): Promise<void> {
    const removed = await removeBelongings(daemon, owner, log);
    if (removed > 0) log.info({ removed }, "Removed containers that an earlier agent of this id left");
  }

  async function reap(): Promise<void> {
    try {
      await removeLeftovers();
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      log.debug({ reason: error.message }, "Cannot look for containers of an earlier agent");
    }
  }

  async function remove(container: string): Promise<void> {
    try {
      await removeContainer(daemon, container);
    } catch (error) {
      if (!stopped) setTimeout(() => void removeLater(container), REMOVE_AGAIN_MS).unref();
      throw error;
    }
  }

  /** {@link remove} schedules the next attempt; the failure was already reported. */
  async function removeLater(container: string): Promise<void> {
    try {
      await remove(container);
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      log.debug({ reason: error.message }, "A container is still not removed; retrying");
    }
  }

  function lose(held: Lease, reason: string): void {
    if (stopped || lease !== held) return;
    held.release();
    events?.close();
    [preparing, proof, events, lease] = [undefined, undefined, undefined, undefined];
    log.warn(reason);
    for (const listener of listeners) listener(reason);
  }

  return {
    daemon,
    owner,
    folder,
    nextSlot: () => String(++slots),
    reap: () => (reaping ??= reap()),
    prepare() {
      const current = (preparing ??= prepare());
      current.catch(() => {
        if (preparing === current) preparing = undefined;
      });
      return current;
    },
    remove,
    proofs: () => proof?.proofs ?? [],
    onLost: (listener) => void listeners.push(listener),
    async stop() {
      stopped = true;
      events?.close();
      orphans?.stop();
      if (!used) return;
      try {
        await removeBelongings(daemon, owner, log);
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        log.warn({ reason: reasonOf(error) }, "Containers may be left; the next agent on this host removes them");
      } finally {
        lease?.release();
      }
    },
  };
}
