import type { Logger } from "pino";
import { Failed, Unavailable, type RawOutput, type RunOptions, type Runner, type Sample } from "../../contract.js";
import { fingerprintOf, stateOfFiles } from "../../fingerprint.js";
import { createGate } from "../gate.js";
import { findProgram } from "../../programs.js";
import { CLAMD_LIMITS, type ClamdLimits } from "./limits.js";
import { findSignatures } from "./database.js";
import { followSignatures, type LoadedSignatures } from "./loaded.js";
import { awaitReply, createOccupancy, NotListening, type Conversation } from "../conversation.js";
import { removeStaleDaemons, startClamd, type ClamdProcess } from "./daemon.js";
import { ask, isAnswering, readVersion, streamSample } from "./protocol.js";
import { noFence, unfenced, type Fence } from "../process/fence.js";

/** How long clamd may go on with a sample after its timeout before it is restarted. */
const STUCK_MS = 10_000;

/** How clamd is run on this host. */
export interface ClamdOptions {
  /** Folder of the signatures; undefined: ClamAV's own. */
  readonly database: string | undefined;
  readonly slots: number;
  /** The engine's timeout. */
  readonly timeoutMs: number;
  readonly programPath: string;
  /** Identifies the agent on this host: its spool folder. */
  readonly owner: string;
  readonly log: Logger;
  readonly limits?: ClamdLimits;
  /** Finds the fence that clamd runs in, at the first start; default: none. */
  readonly fence?: () => Promise<Fence>;
}

/** Starts a clamd and scans samples with it over its Unix socket. */
export function createClamdRunner({
  database,
  slots,
  timeoutMs,
  programPath,
  owner,
  log,
  limits = CLAMD_LIMITS,
  fence: findFence,
}: ClamdOptions): Runner {
  const gate = createGate();
  const listeners: ((reason: string) => void)[] = [];
  const occupancy = createOccupancy("clamd");
  /** Those that this runner stopped itself: their end is no sample's doing. */
  const stopped = new WeakSet<ClamdProcess>();
  let clamd: ClamdProcess | undefined;
  let removedStale = false;
  let fence: Fence | undefined;
  let signatures: LoadedSignatures | undefined;
  /** The program that was started, as its file was then. */
  let programState: string | null = null;
  let warned: readonly string[] = [];
  let ignored: readonly string[] = [];

  async function start(): Promise<void> {
    const program = await findProgram("clamd", programPath);
    if (program === undefined) throw new Unavailable("clamd is not installed");
    if (clamd !== undefined && (await isAnswering(clamd.socketPath))) return;
    const found = { ...(await findSignatures(database)), ignored };
    await stop();
    if (!removedStale) await removeStaleDaemons(owner);
    removedStale = true;
    fence ??= (await findFence?.()) ?? noFence;
    programState = await stateOfFiles([program]);
    const next = await startClamd({ program, owner, fence, signatures: found, slots, timeoutMs, limits });
    clamd = next;
    signatures = followSignatures(found, { load: next.reload, ignored: () => ignored, log });
    logWarnings();
    void next.ended.then((words) => {
      if (clamd !== next) return;
      clamd = undefined;
      log.error({ words }, "clamd ended");
      for (const listener of listeners) listener(`clamd ended: ${words}`);
      void next.stop();
    });
  }

  async function stop(): Promise<void> {
    const old = clamd;
    clamd = undefined;
    if (old === undefined) return;
    stopped.add(old);
    await old.stop();
  }

  function warnings(): readonly string[] {
    return [...(findFence !== undefined && fence === noFence ? [unfenced("clamd")] : []), ...(signatures?.warnings() ?? [])];
  }

  function logWarnings(): void {
    const now = warnings();
    for (const warning of now) if (!warned.includes(warning)) log.warn(warning);
    warned = now;
  }

  function current(): ClamdProcess {
    if (clamd === undefined) throw new NotListening("clamd is not running");
    return clamd;
  }

  async function run(sample: Sample, options: RunOptions): Promise<RawOutput> {
    const leave = await gate.enter(options.alone, options.signal);
    const on = clamd;
    const endedUnasked = () => on !== undefined && !stopped.has(on);
    try {
      return await occupancy.scan(() => scan(current(), sample, options), endedUnasked);
    } finally {
      leave();
    }
  }

  async function scan(on: ClamdProcess, sample: Sample, options: RunOptions): Promise<RawOutput> {
    const conversation = streamSample(on.socketPath, sample);
    if (conversation === undefined) throw new Failed("ClamAV needs the sample's bytes");
    return await awaitReply(conversation, options, () => restartIfStuck(on, conversation));
  }

  /** clamd goes on when its client disconnects: only a new clamd frees a thread that never ends. */
  function restartIfStuck(on: ClamdProcess, conversation: Conversation): void {
    const timer = setTimeout(() => {
      conversation.hangUp();
      if (clamd !== on) return;
      log.error("clamd is stuck on a sample; restarting it");
      void stop().then(() => listeners.forEach((listener) => listener("clamd was stuck on a sample")));
    }, STUCK_MS);
    const clear = () => clearTimeout(timer);
    conversation.reply.then(clear, clear);
  }

  return {
    takesBytes: true,
    get description() {
      return `process (${(fence ?? noFence).description})`;
    },
    start,
    async versions() {
      const reply = await ask(current().socketPath, "VERSION");
      await signatures?.follow();
      logWarnings();
      return readVersion(reply, signatures?.newest());
    },
    fingerprint() {
      const state = clamd === undefined ? null : (signatures?.state() ?? null);
      return Promise.resolve(state === null ? null : fingerprintOf([programState, limits, timeoutMs, state]));
    },
    run,
    stop,
    async ignore(names) {
      ignored = names;
      if (clamd !== undefined) await signatures?.applyIgnored();
    },
    ignored: () => (clamd === undefined ? ignored : (signatures?.ignored() ?? [])),
    warnings,
    onLost: (listener) => void listeners.push(listener),
  };
}
