/**
 * Messages of the gateway and the agent to the process that started them, over Node's IPC channel if there is one.
 * When that channel closes, they shut down: a mesh never outlives the command that started it.
 */

import type { EnginePresence } from "./presence.js";

/** The gateway accepts requests at this address, e.g. `http://127.0.0.1:8080`. */
export interface GatewayListening {
  readonly kind: "listening";
  readonly url: string;
}

/** The agent has tested its engines, announced them and takes work with the healthy ones. */
export interface AgentReady {
  readonly kind: "ready";
  readonly agent: string;
  readonly engines: readonly EnginePresence[];
  /** What is wrong with manifests and with the choice of engines, a line each; what they concern does not run. */
  readonly mistakes: readonly string[];
}

/** It could not start; one sentence for the operator. */
export interface StartFailed {
  readonly kind: "failed";
  readonly message: string;
}

/** Any of the lifecycle messages. */
export type LifecycleMessage = GatewayListening | AgentReady | StartFailed;

/** Tells the parent process, if there is one that listens. */
export function notifyParent(message: LifecycleMessage): void {
  process.send?.(message);
}

/** The exit status of a part that wants to be started again; it is none that a supervisor takes for a success. */
export const RESTART_STATUS = 75;
