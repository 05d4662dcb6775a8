import type { Logger } from "pino";
import type { DockerAddress } from "../config.js";
import { reasonOf, Unavailable } from "../contract.js";
import { openDaemon, type Daemon } from "./container-docker.js";
import { listenTo, type Events } from "./container-events.js";
import { removeContainer, removeContainersOf } from "./container-labels.js";
import { ensureNetwork, removeNetwork } from "./container-network.js";
import { prove, type Proof } from "./container-probe.js";
import { bringProgram, type Program } from "./container-program.js";
import type { InternetClass } from "../../schema/classes.js";

const REMOVE_AGAIN_MS = 5_000;

/** The Docker host as this agent found it. */
export interface Ready {
  readonly program: Program;
  readonly events: Events;
  /** The network of the agent's containers; `none` for isolated ones. */
  readonly network: string;
  /** Why containers cannot read the spool; undefined if they can. */
  readonly spoolHidden: string | undefined;
}

/** The Docker host that an agent's container engines share. */
export interface ContainerHost {
  readonly daemon: Daemon;
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
}

/** Nothing is asked of the daemon before the first engine needs it. */
export function createContainerHost({ docker, agent, internet, folder, log }: ContainerHostOptions): ContainerHost {
  const daemon = openDaemon(docker);
  const listeners: ((reason: string) => void)[] = [];
  let preparing: Promise<Ready> | undefined;
  let proof: Proof | undefined;
  let events: Events | undefined;
  let reaping: Promise<void> | undefined;
  let stopped = false;
  let used = false;

  async function prepare(): Promise<Ready> {
    await daemon.ping();
    await reaping;
    used = true;
    await removeStrays();
    const program = await bringProgram(daemon);
    proof = await prove({ daemon, agent, program, folder });
    for (const sentence of proof.proofs) log.info({ proof: sentence }, "proven");
    const network = internet === "isolated" ? "none" : await ensureNetwork(daemon, agent);
    events = await listenTo(daemon, agent, log);
    const heard = events;
    void heard.lost.then(() => lose(heard));
    return { program, events: heard, network, spoolHidden: proof.spoolHidden };
  }

  async function removeStrays(): Promise<void> {
    const removed = await removeContainersOf(daemon, agent);
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
      // After the daemon has gone, its containers are removed before any is made.
      if (!stopped) setTimeout(() => void remove(container).catch(() => undefined), REMOVE_AGAIN_MS).unref();
      throw error;
    }
  }

  function lose(heard: Events): void {
    if (stopped || events !== heard) return;
    preparing = undefined;
    proof = undefined;
    events = undefined;
    log.warn("Docker has gone");
    for (const listener of listeners) listener("Docker has gone");
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
      if (!used) return;
      try {
        await removeContainersOf(daemon, agent);
        if (internet === "internet") await removeNetwork(daemon, agent);
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        log.warn({ reason: reasonOf(error) }, "containers may be left: the next agent of this id removes them");
      }
    },
  };
}
