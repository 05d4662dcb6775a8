import { Unavailable } from "../../contract.js";
import { noFence, type Fence } from "../process/fence.js";
import type { NodeHost } from "../process/start-node.js";
import { startEngineProcess, type EngineProcess, type EngineProgram } from "./engine-process.js";

/** The processes of one engine. */
export interface EngineProcesses {
  /** The one that samples share; another one where that has ended. */
  shared(): Promise<EngineProcess>;
  /** One more, which the caller stops. */
  start(): Promise<EngineProcess>;
  /** How the last one is isolated from the rest of the host. */
  isolation(): string;
  /** Whether it should have been isolated and is not. */
  isUnfenced(): boolean;
  stop(): Promise<void>;
}

/** How they are started: `fence` finds the fence, at the first start; undefined: there is to be none. */
export interface EngineProcessesOptions extends EngineProgram, Pick<NodeHost, "startContained" | "log"> {
  readonly fence: (() => Promise<Fence>) | undefined;
}

/** Makes the processes of an engine; none is started yet. */
export function createEngineProcesses({
  fence: findFence,
  startContained,
  log,
  ...program
}: EngineProcessesOptions): EngineProcesses {
  const running = new Set<EngineProcess>();
  let fence: Promise<Fence> | undefined;
  let last = noFence.description;
  let home: Promise<EngineProcess> | undefined;
  let isStopped = false;

  async function start(): Promise<EngineProcess> {
    fence ??= findFence?.() ?? Promise.resolve(noFence);
    const started = await startEngineProcess(
      { fence: await fence, startContained, hasHeld: () => last !== noFence.description, log },
      program,
    );
    last = started.isolation;
    for (const other of running) if (other.hasEnded()) running.delete(other);
    running.add(started);
    if (!isStopped) return started;
    await started.stop();
    throw new Unavailable("the agent is stopping");
  }

  async function shared(): Promise<EngineProcess> {
    const before = home;
    const found = await before;
    if (found !== undefined && !found.hasEnded()) return found;
    // Another sample may have started the next process meanwhile.
    if (home === before || home === undefined) {
      const starting = start();
      home = starting;
      starting.catch(() => {
        if (home === starting) home = undefined;
      });
    }
    return await home;
  }

  return {
    shared,
    start,
    isolation: () => last,
    isUnfenced: () => findFence !== undefined && running.size > 0 && last === noFence.description,
    async stop() {
      isStopped = true;
      await Promise.all([...running].map((one) => one.stop()));
      // The caller was told why this process did not start.
      await Promise.allSettled([home]);
    },
  };
}
