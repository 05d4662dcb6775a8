import { join } from "node:path";
import type { Logger } from "pino";
import { Failed, Unavailable } from "../contract.js";
import { LIMITS, noFence } from "../runners/process/fence.js";
import { findFence } from "../runners/process/find-fence.js";
import type { NodeProcess, ShownFile } from "../runners/process/node-process.js";
import { startNode, type StartContained } from "../runners/process/start-node.js";
import { within } from "../within.js";
import type { Inspection, InspectionLimits } from "./formats/inspection.js";
import type { Signature } from "./formats/search.js";
import { createChannel } from "./opener-channel.js";
import { OpenerAnswer } from "./opener/messages.js";

const MAX_HEAP_MB = 512;
/** What WebAssembly may take, in pages of 64 KiB. */
const WASM_PAGES = 16_384;
const NODE_FLAGS = [
  "--expose-gc",
  "--disable-wasm-trap-handler",
  `--wasm-max-mem-pages=${WASM_PAGES}`,
  `--max-old-space-size=${MAX_HEAP_MB}`,
];
const MAX_MESSAGE = 16 * 1024 ** 2;
const PROGRAM = join("dist", "scanner-agent", "inspect", "opener", "opener-process.js");

/** What is looked into. */
export interface Suspect {
  /** A copy or link of the sample's file that is the inspector's own; null if there are bytes. */
  readonly path: string | null;
  readonly bytes?: Uint8Array | undefined;
  readonly signatures: readonly Signature[];
}

/** One process that looks into files, one at a time. */
export interface Opener {
  /** How it is isolated from the rest of the host. */
  readonly isolation: string;
  readonly sevenZip: string;
  /** Throws {@link Failed}, or that it took too long; it has ended then. */
  inspect(suspect: Suspect, limits: InspectionLimits, timeoutMs: number): Promise<Inspection>;
  ended(): boolean;
  stop(): Promise<void>;
}

/** What a process needs of its host. */
export interface OpenerHost {
  /** A private folder. */
  readonly folder: string;
  readonly programPath: string;
  /** Starts the process where there is no fence; default: it runs without one there. */
  readonly startContained?: StartContained | undefined;
  /** Finds the fence; default: the strongest of this host. */
  readonly findFence?: typeof findFence;
  readonly log: Logger;
}

/** Starts one more process. Throws {@link Unavailable}. */
export type StartOpener = () => Promise<Opener>;

/**
 * Starts processes in the strongest fence that works. Once a fence or a container has worked, no process is started without one.
 */
export function createStartOpener(host: OpenerHost): StartOpener {
  const { folder, programPath, startContained, log } = host;
  let fence = noFence;
  let hasHeld = false;
  return async () => {
    // If no fence was found, the next start looks again: the host may have been too busy for it.
    if (fence === noFence) fence = await (host.findFence ?? findFence)({ internet: false, isTool: true, folder, programPath });
    const node = await startNode(
      { fence, startContained, hasHeld: () => hasHeld, log },
      {
        name: "inspector",
        folder,
        programPath,
        flags: NODE_FLAGS,
        program: PROGRAM,
        reads: [PROGRAM, join("node_modules", "7z-wasm")],
        limits: LIMITS,
        maxMessage: MAX_MESSAGE,
      },
    );
    hasHeld ||= node.isolation !== noFence.description;
    const { data: ready } = OpenerAnswer.safeParse(node.greeting);
    if (ready?.kind === "ready") return createOpener(node, ready.sevenZip);
    await node.stop();
    throw new Unavailable("the inspector's process answers out of turn");
  };
}

function createOpener(node: NodeProcess, sevenZip: string): Opener {
  const channel = createChannel(node);
  let count = 0;
  return {
    isolation: node.isolation,
    sevenZip,
    async inspect({ path, bytes, signatures }, limits, timeoutMs) {
      let file: ShownFile | undefined;
      try {
        if (path !== null) file = node.show(path);
        channel.send({ id: ++count, path: file?.path ?? null, signatures, limits }, bytes);
        const answer = await within(timeoutMs, channel.next());
        if (answer.kind === "inspected" && answer.id === count) return answer.inspection;
        throw new Failed(answer.kind === "failed" ? answer.reason : "it answered out of turn");
      } catch (error) {
        await node.stop();
        throw error;
      } finally {
        file?.remove();
      }
    },
    ended: channel.isClosed,
    stop: node.stop,
  };
}
