import type { Logger } from "pino";
import type { DockerAddress } from "../../config.js";
import { reasonOf, Unavailable } from "../../contract.js";
import { openDaemon, type DockerDaemon } from "./docker.js";
import { watchEvents, type Events } from "./events.js";
import { takeLease, type Lease } from "./lease.js";
import { prove, type Proof } from "./probe.js";
import { bringProgram, type Program } from "./program.js";
import { createNetwork, removeContainer, removeContainers, removeNetworks } from "./resources.js";
import { watchOrphans, type OrphanWatch } from "./orphans.js";
import type { InternetClass } from "../../../schema/classes.js";

const REMOVE_AGAIN_MS = 5_000;
/** How long what killed agents left is looked at before it is removed. */
const GRACE_MS = 30_000;

/** The Docker host as this agent found it. */
export interface Ready {
  readonly program: Program;
  readonly events: Events;
  /** The label of this agent's lease. */
  readonly lease: string;
  /** How many the Docker host has. */
  readonly processors: number;
  /** The network of the agent's containers; `none` for isolated ones. */
  readonly network: string;
  /** Why containers cannot read the spool; undefined if they can. */
  readonly spoolHidden: string | undefined;
}

/** What the daemon tells about its host. */
interface Info {
  readonly Architecture: string;
  readonly NCPU: number;
}

/** The Docker host that an agent's container engines share. */
export interface ContainerHost {
  readonly daemon: DockerDaemon;
  readonly agent: string;
  /** The agent's own folder, which is there. */
  readonly folder: string;
  /** Removes what an earlier agent of this id left, whether or not an engine needs Docker now; no Docker is as good. */
  reap(): Promise<void>;
  /** Prepares it once, and again after the daemon was lost. Throws {@link Unavailable}. */
  ready(): Promise<Ready>;
  /** Ends and removes a container. Throws {@link Unavailable} if Docker does not do it now; it is then tried until it does. */
  remove(container: string): Promise<void>;
  /** What has been proven since the last preparation. */
  proofs(): readonly string[];
  /** Calls back when the daemon has gone. */
  onLost(listener: (reason: string) => void): void;
  /** Removes every container of this agent. */
  stop(): Promise<void>;
}

/** What a container host is made of. */
export interface ContainerHostOptions {
  readonly docker: DockerAddress;
  readonly agent: string;
  readonly internet: InternetClass;
  readonly folder: string;
  readonly log: Logger;
  readonly graceMs?: number;
}

/** Nothing is asked of the daemon before the first engine needs it. */
export function createContainerHost(options: ContainerHostOptions): ContainerHost {
  const { docker, agent, internet, folder, log, graceMs = GRACE_MS } = options;
  const daemon = openDaemon(docker);
  const listeners: ((reason: string) => void)[] = [];
  let preparing: Promise<Ready> | undefined;
  let proof: Proof | undefined;
  let events: Events | undefined;
  let lease: Lease | undefined;
  let strays: OrphanWatch | undefined;
  let reaping: Promise<void> | undefined;
  let stopped = false;
  let used = false;

  async function prepare(): Promise<Ready> {
    await daemon.ping();
    await reaping;
    used = true;
    await removeStrays();
    const { Architecture, NCPU } = await daemon.ask("tell about itself", (on) => on.info() as Promise<Info>);
    const program = await bringProgram(daemon, Architecture);
    const taken = await takeLease(daemon, agent, program, NCPU);
    try {
      proof = await prove({ daemon, agent, program, lease: taken.id, processors: NCPU, folder });
      for (const sentence of proof.proofs) log.info({ proof: sentence }, "proven");
      const network = internet === "isolated" ? "none" : await createNetwork(daemon, agent, taken.id);
      const heard = await watchEvents(daemon, agent, log);
      [events, lease] = [heard, taken];
      void heard.lost.then(() => lose(taken, "Docker has gone"));
      void taken.ended.then(() => lose(taken, "Docker has ended its lease"));
      strays ??= watchOrphans(daemon, graceMs, log);
      const { spoolHidden } = proof;
      return { program, events: heard, lease: taken.id, processors: NCPU, network, spoolHidden };
    } catch (error) {
      taken.release();
      throw error;
    }
  }

  async function removeStrays(): Promise<void> {
    const removed = await removeContainers(daemon, agent);
    await removeNetworks(daemon, agent);
    if (removed > 0) log.info({ removed }, "removed the containers that an earlier agent of this id left");
  }

  async function reap(): Promise<void> {
    try {
      await removeStrays();
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      log.debug({ reason: error.message }, "containers were not looked for");
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

  /** Docker being away or busy is no news by now: {@link remove} tries again, and a daemon that comes back is cleaned first. */
  async function removeLater(container: string): Promise<void> {
    try {
      await remove(container);
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      log.debug({ reason: error.message }, "a container is still not removed");
    }
  }

  function lose(taken: Lease, reason: string): void {
    if (stopped || lease !== taken) return;
    taken.release();
    events?.close();
    [preparing, proof, events, lease] = [undefined, undefined, undefined, undefined];
    log.warn(reason);
    for (const listener of listeners) listener(reason);
  }

  return {
    daemon,
    agent,
    folder,
    reap: () => (reaping ??= reap()),
    ready() {
      const begun = (preparing ??= prepare());
      begun.catch(() => {
        if (preparing === begun) preparing = undefined;
      });
      return begun;
    },
    remove,
    proofs: () => proof?.proofs ?? [],
    onLost: (listener) => void listeners.push(listener),
    async stop() {
      stopped = true;
      events?.close();
      strays?.stop();
      if (!used) return;
      try {
        await removeContainers(daemon, agent);
        await removeNetworks(daemon, agent);
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        log.warn({ reason: reasonOf(error) }, "containers may be left: the next agent on this host removes them");
      } finally {
        lease?.release();
      }
    },
  };
}
