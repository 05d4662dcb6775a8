import type { Logger } from "pino";
import { createAbortController } from "../../../schema/abort-controller.js";
import { Failed, Unavailable, type Instance, type RawOutput, type RunOptions, type Runner, type Sample } from "../../contract.js";
import { fingerprintOf, stateOfFiles } from "../fingerprint.js";
import { createGate } from "../gate.js";
import { findProgram } from "../../processes/programs.js";
import { CLAMD_LIMITS, timeLimits, type ClamdLimits } from "./limits.js";
import { findSignatures, type Signatures } from "./database.js";
import { followSignatures, type LoadedSignatures } from "./loaded.js";
import { explainAge } from "./age.js";
import { awaitReply, createOccupancy, NotListening, type Conversation, type Occupancy } from "../conversation.js";
import { removeStaleDaemons, startClamd, type ClamdProcess } from "./daemon.js";
import { ask, isAnswering, readVersion, streamSample } from "./protocol.js";
import { noFence, unfenced, type Fence } from "../process/fence.js";

/** How long clamd may go on with a sample after its timeout before it is restarted. */
const STUCK_MS = 10_000;

/** How clamd is run on this host. */
export interface ClamdOptions {
  /** Folder of the signatures; undefined: ClamAV's own. */
  readonly database: string | undefined;
  /** A version of the folder that the bundle store guarantees; undefined: derive it from the files. */
  readonly databaseState?: string | undefined;
  /** Another clamd of the same owner may be running: leave it alone. */
  readonly beside?: boolean | undefined;
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

/** A clamd with the signatures that it was started with. It never reloads: new signatures are loaded by another clamd. */
interface Daemon {
  readonly clamd: ClamdProcess;
  readonly instance: Instance;
  readonly occupancy: Occupancy;
  /** The program, as its file was when it was started. */
  readonly programState: string | null;
  /** What it says of being too old for its signatures; undefined: nothing. */
  readonly outdated: string | undefined;
}

/** Starts a clamd and scans samples with it over its Unix socket; for new signatures another one, which takes its place. */
export function createClamdRunner({
  database,
  databaseState,
  beside = false,
  slots,
  timeoutMs,
  programPath,
  owner,
  log,
  limits = CLAMD_LIMITS,
  fence: findFence,
}: ClamdOptions): Runner {
  const gate = createGate();
  const lostListeners: ((reason: string) => void)[] = [];
  const replacedListeners: (() => void)[] = [];
  /** Daemons that this runner stopped itself: their end is no sample's fault. */
  const stopped = new WeakSet<Daemon>();
  let daemon: Daemon | undefined;
  let launching = createAbortController();
  let removedStale = beside;
  let fence: Fence | undefined;
  let signatures: LoadedSignatures | undefined;
  let warned: readonly string[] = [];
  let ignored: readonly string[] = [];

  async function start(): Promise<void> {
    if (!removedStale) await removeStaleDaemons(owner);
    removedStale = true;
    const program = await findClamd();
    if (await isServing()) return;
    const found = { ...(await findSignatures(database, databaseState)), ignored };
    await stop();
    fence ??= (await findFence?.()) ?? noFence;
    daemon = await launch(program, found);
    signatures = followSignatures(found, { load: replace, ignored: () => ignored, log });
    logWarnings();
  }

  /** Another daemon may replace the one that is asked, which then ends. */
  async function isServing(): Promise<boolean> {
    const asked = daemon;
    if (asked === undefined) return false;
    return (await isAnswering(asked.clamd.socketPath)) || (daemon !== asked && (await isServing()));
  }

  async function findClamd(): Promise<string> {
    const program = await findProgram("clamd", programPath);
    if (program === undefined) throw new Unavailable("clamd is not installed");
    return program;
  }

  async function launch(program: string, found: Signatures): Promise<Daemon> {
    launching = createAbortController();
    const { signal } = launching;
    const programState = await stateOfFiles([program]);
    const clamd = await startClamd({
      program,
      owner,
      fence: fence ?? noFence,
      signatures: found,
      slots,
      timeoutMs,
      limits,
      signal,
    });
    try {
      const reply = await ask(clamd.socketPath, "VERSION");
      // Where clamd reports no date, the files' own date counts only if clamd has read exactly these files.
      const versions = readVersion(reply, (await isUnchanged(found)) ? found.newest : undefined);
      const outdated = await explainAge(versions.engine, clamd.said, found);
      const launched = {
        clamd,
        instance: { versions, image: null },
        occupancy: createOccupancy("clamd"),
        programState,
        outdated,
      };
      void clamd.ended.then((words) => void onEnd(launched, words));
      return launched;
    } catch (error) {
      await clamd.stop();
      throw error;
    }
  }

  async function isUnchanged({ folder, state, fixed }: Signatures): Promise<boolean> {
    try {
      return (await findSignatures(folder, fixed)).state === state;
    } catch (error) {
      if (error instanceof Unavailable) return false;
      throw error;
    }
  }

  async function onEnd(ended: Daemon, words: string): Promise<void> {
    if (daemon === ended) {
      daemon = undefined;
      log.error({ words }, "clamd ended");
      for (const listener of lostListeners) listener(`clamd ended: ${words}`);
    }
    await ended.clamd.stop();
  }

  /** Starts a clamd with these signatures beside the serving one; returns why that failed, or null. */
  async function replace(found: Signatures): Promise<string | null> {
    const before = daemon;
    if (before === undefined) return "clamd has ended";
    try {
      const next = await launch(await findClamd(), found);
      if (daemon !== before) {
        await end(next);
        return "clamd has ended";
      }
      daemon = next;
      if (before.occupancy.count() === 0) void end(before);
      for (const listener of replacedListeners) listener();
      return null;
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      return error.message.replace("clamd does not start: ", "").replaceAll("LibClamAV Error: ", "");
    }
  }

  async function stop(): Promise<void> {
    launching.abort();
    const old = daemon;
    daemon = undefined;
    if (old !== undefined) await end(old);
  }

  async function end(old: Daemon): Promise<void> {
    stopped.add(old);
    await old.clamd.stop();
  }

  function warnings(): readonly string[] {
    const bare = findFence !== undefined && fence === noFence ? [unfenced("clamd")] : [];
    const old = daemon?.outdated === undefined ? [] : [daemon.outdated];
    return [...bare, ...old, ...(signatures?.warnings() ?? [])];
  }

  function logWarnings(): void {
    const now = warnings();
    for (const warning of now) if (!warned.includes(warning)) log.warn(warning);
    warned = now;
  }

  function current(): Daemon {
    if (daemon === undefined) throw new NotListening("clamd is not running");
    return daemon;
  }

  async function run(sample: Sample, options: RunOptions): Promise<RawOutput> {
    const leave = await gate.enter(options.alone, options.signal);
    try {
      return await runOn(current(), sample, options);
    } finally {
      leave();
    }
  }

  async function runOn(on: Daemon, sample: Sample, options: RunOptions): Promise<RawOutput> {
    options.onStart?.(on.instance);
    try {
      return await on.occupancy.scan(
        () => scan(on, sample, options),
        () => !stopped.has(on),
      );
    } finally {
      // Another has taken its place meanwhile.
      if (daemon !== on && on.occupancy.count() === 0) void end(on);
    }
  }

  async function scan(on: Daemon, sample: Sample, options: RunOptions): Promise<RawOutput> {
    const conversation = streamSample(on.clamd.socketPath, sample);
    if (conversation === undefined) throw new Failed("ClamAV needs the sample's bytes");
    return await awaitReply(conversation, options, () => restartIfStuck(on, conversation));
  }

  /** clamd goes on scanning after its client has disconnected: only a new clamd frees a thread that never ends. */
  function restartIfStuck(on: Daemon, conversation: Conversation): void {
    const timer = setTimeout(() => {
      conversation.hangUp();
      if (daemon !== on) return;
      log.error("clamd is stuck on a sample; restarting it");
      void stop().then(() => lostListeners.forEach((listener) => listener("clamd was stuck on a sample")));
    }, STUCK_MS);
    const clear = () => clearTimeout(timer);
    conversation.reply.then(clear, clear);
  }

  return {
    setup: { updatedBy: "HOST", limits: { ...timeLimits(timeoutMs), ...limits } },
    takesBytes: true,
    get description() {
      return `process (${(fence ?? noFence).description})`;
    },
    start,
    async versions() {
      if (!(await isServing())) throw new NotListening("clamd does not answer");
      await signatures?.follow();
      logWarnings();
      return current().instance.versions;
    },
    fingerprint() {
      const state = daemon === undefined ? null : (signatures?.state() ?? null);
      return Promise.resolve(state === null ? null : fingerprintOf([daemon?.programState, limits, timeoutMs, state]));
    },
    run,
    stop,
    async ignore(names) {
      ignored = names;
      if (daemon !== undefined) await signatures?.applyIgnored();
    },
    ignored: () => (daemon === undefined ? ignored : (signatures?.ignored() ?? [])),
    warnings,
    isOutdated: () => daemon?.outdated !== undefined,
    onLost: (listener) => void lostListeners.push(listener),
    onReplaced: (listener) => void replacedListeners.push(listener),
  };
}
