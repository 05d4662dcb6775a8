import { join } from "node:path";
import type { Logger } from "pino";
import { Failed, reasonOf, Unavailable } from "../contract.js";
import { LIMITS, noFence, type Fence } from "../runners/process/fence.js";
import { NODE_START_MS, startNode, type FencedNode, type ShownFile } from "../runners/process/fenced-node.js";
import { findFence } from "../runners/process/find-fence.js";
import { within } from "../within.js";
import type { Inspection, InspectionLimits } from "./formats/inspection.js";
import type { Signature } from "./formats/search.js";
import { createChannel, type Channel } from "./opener-channel.js";

const MAX_HEAP_MB = 512;
/** What WebAssembly may take, in pages of 64 KiB. */
const WASM_PAGES = 16_384;
const NODE_FLAGS = [
  "--expose-gc",
  "--disable-wasm-trap-handler",
  `--wasm-max-mem-pages=${WASM_PAGES}`,
  `--max-old-space-size=${MAX_HEAP_MB}`,
];
const PROGRAM = join("dist", "scanner-agent", "inspect");

/** What is looked into. */
export interface Suspect {
  /** A copy or link of the sample's file that is the inspector's own. */
  readonly path: string;
  readonly signatures: readonly Signature[];
}

/** One process that looks into files, one at a time. */
export interface Opener {
  /** How it is fenced in. */
  readonly fence: string;
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
  readonly log: Logger;
}

/** Starts a process in the strongest fence in which it runs. Throws {@link Unavailable}. */
export async function startOpener(host: OpenerHost): Promise<Opener> {
  const fence = await findFence({ internet: false, isTool: true, folder: host.folder, programPath: host.programPath });
  try {
    return await startIn(fence, host);
  } catch (error) {
    if (fence === noFence) throw error;
    host.log.warn({ reason: reasonOf(error) }, "The inspector does not start in its fence; it runs without one");
    return await startIn(noFence, host);
  }
}

async function startIn(fence: Fence, { folder, programPath }: OpenerHost): Promise<Opener> {
  const node = await startNode(fence, {
    name: "opener",
    folder,
    programPath,
    flags: NODE_FLAGS,
    program: join(PROGRAM, "opener", "opener-process.js"),
    reads: [PROGRAM, join("node_modules", "7z-wasm")],
    limits: LIMITS,
  });
  const channel = createChannel(node);
  try {
    const ready = await within(NODE_START_MS, channel.next());
    if (ready.kind !== "ready") throw new Failed("it answered out of turn");
    return opener(fence, node, ready.sevenZip, channel);
  } catch (error) {
    await node.end();
    throw new Unavailable(`the inspector's process does not start: ${reasonOf(error)}`, { cause: error });
  }
}

function opener(fence: Fence, node: FencedNode, sevenZip: string, channel: Channel): Opener {
  let count = 0;
  return {
    fence: fence.description,
    sevenZip,
    async inspect({ path, signatures }, limits, timeoutMs) {
      let file: ShownFile | undefined;
      try {
        file = node.show(path);
        channel.send({ id: ++count, path: file.path, signatures, limits });
        const answer = await within(timeoutMs, channel.next());
        if (answer.kind === "inspected" && answer.id === count) return answer.inspection;
        throw new Failed(answer.kind === "failed" ? answer.reason : "it answered out of turn");
      } catch (error) {
        await node.end();
        throw error;
      } finally {
        file?.remove();
      }
    },
    ended: channel.isClosed,
    stop: node.end,
  };
}
