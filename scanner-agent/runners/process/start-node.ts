import type { Logger } from "pino";
import { reasonOf, Unavailable } from "../../contract.js";
import { noFence, type Fence } from "./fence.js";
import { startFencedNode } from "./fenced-node.js";
import type { NodeProcess, NodeProgram } from "./node-process.js";

/**
 * Starts a process of ours in a container; undefined: this host has none for it. Throws {@link Unavailable} if it has, but not
 * now.
 */
export type StartContained = (program: NodeProgram) => Promise<NodeProcess | undefined>;

/** How processes of ours may be isolated. */
export interface NodeHost {
  /** The strongest fence that works on this host. */
  readonly fence: Fence;
  /** For hosts where no fence works. */
  readonly startContained: StartContained | undefined;
  /** Whether the fence, or a container, has worked before: then a failure now must have another reason. */
  readonly hasHeld: () => boolean;
  readonly log: Logger;
}

/**
 * Starts the program in the fence, else in a container, else without either, unless one of these has worked before. Throws {@link
 * Unavailable}.
 */
export async function startNode({ fence, startContained, hasHeld, log }: NodeHost, program: NodeProgram): Promise<NodeProcess> {
  let failure: Unavailable | undefined;
  if (fence !== noFence) {
    try {
      return await startFencedNode(fence, program, log);
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      failure = error;
      log.warn({ reason: reasonOf(error), process: program.name }, "A process that reads samples does not start in its fence");
    }
  }
  const contained = await startContained?.(program);
  if (contained !== undefined) return contained;
  if (hasHeld())
    throw (
      failure ?? new Unavailable(`the ${program.name}'s process does not run in a container now, and is not started without one`)
    );
  return await startFencedNode(noFence, program, log);
}
